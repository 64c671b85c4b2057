// Events of a binary log, each behind a length of two bytes; the first byte of all says which
// server wrote them. Whatever the bytes: lines that can be read again, or an error of ours. Sizes
// in headers are set right and checksums are off, so that the bytes behind them are reached.
#include "base/error.hpp"
#include "binlog_file.hpp"
#include "event/line_decoder.hpp"
#include "mysql/statement.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace {

using namespace cdc;

void read_again(std::string_view lines) {
    static event::LineDecoder decoder;
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (end == std::string_view::npos) {
            std::abort();
        }
        decoder.decode(lines.substr(0, end)); // what it throws ends the run
        lines.remove_prefix(end + 1);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    mysql::NoFacts lookup;
    mysql::ChangeBuilder builder = mysql::make_builder(lookup, (data[0] & 1) != 0);
    ++data;
    --size;
    std::string out;
    while (size >= 2) {
        const std::size_t length = std::min<std::size_t>(data[0] << 8 | data[1], size - 2);
        // An exact allocation, so that a read past the end is seen.
        const std::unique_ptr<char[]> copy{new char[length]};
        std::copy_n(data + 2, length, copy.get());
        data += 2 + length;
        size -= 2 + length;
        for (std::size_t i = 0; i < 4 && length >= mysql::Event::kHeaderSize; ++i) {
            copy[9 + i] = static_cast<char>(length >> (8 * i));
        }
        try {
            mysql::apply_all(builder, {copy.get(), length}, out);
        } catch (const base::Error& error) {
            // position_lost: an XA COMMIT whose XA PREPARE stands before the beginning.
            if (error.code() != base::ExitCode::bad_data &&
                error.code() != base::ExitCode::refused &&
                error.code() != base::ExitCode::position_lost) {
                std::abort();
            }
        }
    }
    read_again(out);
    return 0;
}
