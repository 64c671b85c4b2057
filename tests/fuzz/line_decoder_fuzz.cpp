// Lines of cdc-event(5): whatever the bytes, the decoder gives a line or throws bad_data.
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"
#include "event/table.hpp"
#include "fuzz_input.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cdc;
    static event::LineDecoder decoder;
    const fuzz::Exact copy{data, size};
    const std::string_view text = copy.bytes();
    fuzz::try_to([&] {
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
    });
    return 0;
}
