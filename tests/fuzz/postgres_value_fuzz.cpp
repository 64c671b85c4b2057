// The server's text of a value in both encodings, cdc-event(5)'s and Debezium's: whatever type,
// modifier and text, it becomes valid JSON or is refused as bad_data.
#include "fuzz_input.hpp"
#include "postgres/debezium_value.hpp"
#include "postgres/value.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <simdjson.h>

namespace {

using namespace cdc;
using namespace cdc::fuzz;

// pg_type.dat
constexpr std::array<std::uint32_t, 24> kTypes{16,   17,   20,   21,   23,   25,   26,   28,
                                               114,  600,  700,  701,  790,  1082, 1083, 1114,
                                               1184, 1186, 1266, 1560, 1562, 1700, 2950, 3802};

void check(postgres::ValueCodec codec, std::string_view text) {
    try_to([&] {
        std::string out;
        postgres::append_value(out, codec, text);
        require(is_json(out));
    });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) {
        return 0;
    }
    const std::uint32_t type = kTypes[data[0] % kTypes.size()];
    const std::int32_t modifier = data[1] == 0 ? -1 : (data[1] << 16 | data[2]) + 4;
    const Exact copy{data + 3, size - 3};
    const std::string_view text = copy.bytes();
    if (!simdjson::validate_utf8(text)) {
        return 0; // the stream is checked before
    }
    const std::string_view name = type == 25 && data[2] % 2 != 0 ? "hstore" : "";
    postgres::ValueCodec exact{postgres::value_kind(type)};
    postgres::ValueCodec debezium = postgres::debezium_codec(type, modifier, name);
    check(exact, text);
    check(debezium, text);
    exact.delimiter = debezium.delimiter = type == 600 ? ';' : ',';
    check(exact, text);
    check(debezium, text);
    return 0;
}
