// A stream of pgoutput messages, each behind a length of two bytes: whatever the bytes, the decoder
// gives a message or throws bad_data, and every line that the builder makes can be read again.
#include "base/error.hpp"
#include "event/line_decoder.hpp"
#include "event/table_filter.hpp"
#include "fake_lookup.hpp"
#include "postgres/change_builder.hpp"

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
    FakeLookup lookup;
    lookup.fetched = {{postgres::FetchedValue::State::null, ""},
                      {postgres::FetchedValue::State::gone, ""}};
    postgres::ChangeBuilder builder{{"fuzz", "fuzz", true, false, {}, {}},
                                    event::TableFilter{{}, {"skipped.*"}},
                                    postgres::Timelines{2, "1\t0/5000\tx\n"},
                                    lookup};
    postgres::pgoutput::Decoder decoder;
    std::string out;
    while (size >= 2) {
        const std::size_t length = std::min<std::size_t>(data[0] << 8 | data[1], size - 2);
        // An exact allocation, so that a read past the end is seen.
        const std::unique_ptr<char[]> copy{new char[length]};
        std::copy_n(data + 2, length, copy.get());
        data += 2 + length;
        size -= 2 + length;
        try {
            builder.apply(decoder.decode({copy.get(), length}), 0x1000, out);
        } catch (const base::Error& error) {
            if (error.code() != base::ExitCode::bad_data) {
                std::abort();
            }
        }
    }
    read_again(out);
    return 0;
}
