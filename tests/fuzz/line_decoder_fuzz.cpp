// Lines of cdc-event(5): whatever the bytes, the decoder gives a line or throws bad_data.
#include "base/error.hpp"
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cdc;
    static event::LineDecoder decoder;
    // An exact allocation, so that a read past the end is seen.
    const std::unique_ptr<char[]> copy{new char[size]};
    std::copy(data, data + size, copy.get());
    const std::string_view text{copy.get(), size};
    try {
        const event::DecodedLine& line = decoder.decode(text);
        if (line.kind == event::LineKind::table) {
            std::string version;
            event::parse_columns(line.payload, version);
        } else if (line.kind == event::LineKind::checkpoint) {
            event::parse_checkpoint(text, "fuzz");
        }
        for (const event::Field& field : line.after.fields) {
            if (field.value.front() == '"') {
                std::string out;
                event::append_json_unescaped(out, field.value.substr(1, field.value.size() - 2));
            }
        }
    } catch (const base::Error& error) {
        if (error.code() != base::ExitCode::bad_data) {
            std::abort();
        }
    }
    return 0;
}
