#include "postgres/debezium_value.hpp"

#include "support.hpp"

#include <string>

using namespace cdc::postgres;

namespace {

/// numeric(12,2) and the like as pg_attribute packs it.
constexpr int numeric(int precision, int scale) {
    return (precision << 16 | (scale & 0x7ff)) + 4;
}

std::string json(std::uint32_t type, std::string_view text, int modifier = -1,
                 std::string_view name = "") {
    std::string out;
    append_value(out, debezium_codec(type, modifier, name), text);
    return out;
}

} // namespace

// What Debezium 3.3.1 was seen to write: tests/live/types_debezium.py.
TEST_CASE("Debezium's encodings") {
    CHECK(json(20, "-9223372036854775808") == "-9223372036854775808");
    CHECK(json(1700, "-9999999999.99", numeric(12, 2)) == "\"/xcrWvAB\"");
    CHECK(json(1700, "9999999999.99", numeric(12, 2)) == "\"AOjUpQ//\"");
    CHECK(json(1700, "0.00", numeric(12, 2)) == "\"AA==\"");
    CHECK(json(1700, "NaN", numeric(12, 2)) == "\"NaN\"");
    CHECK(json(1700, "-1.50") == R"({"scale":1,"value":"8Q=="})");
    CHECK(json(1700, "0") == R"({"scale":0,"value":"AA=="})");
    CHECK(json(1700, "-128") == R"({"scale":0,"value":"gA=="})");
    CHECK(json(1700, "128") == R"({"scale":0,"value":"AIA="})");
    CHECK(json(790, "-$92,233,720,368,547,758.08") == "\"gAAAAAAAAAA=\"");
    CHECK(json(1082, "0044-03-15 BC") == "-735160");
    CHECK(json(1082, "infinity") == "\"infinity\"");
    CHECK(json(1083, "24:00:00") == "86400000000");
    CHECK(json(1083, "10:00:00.5", 3) == "36000500");
    CHECK(json(1266, "24:00:00-15:59") == "\"15:59:00Z\"");
    CHECK(json(1266, "10:00:00.123456+02") == "\"08:00:00.123456Z\"");
    CHECK(json(1114, "1969-12-31 23:59:59.999999") == "-1");
    CHECK(json(1114, "1969-12-31 23:59:59.999", 3) == "-1");
    CHECK(json(1114, "infinity") == "9223372036825200000");
    CHECK(json(1114, "294276-12-31 23:59:59.999999") == "\"294276-12-31T23:59:59.999999\"");
    CHECK(json(1184, "2025-07-21 08:00:00.5+00") == "\"2025-07-21T08:00:00.500000Z\"");
    CHECK(json(1184, "2025-07-21 08:00:00.123+00", 3) == "\"2025-07-21T08:00:00.123Z\"");
    CHECK(json(1184, "2025-07-21 08:00:00+00", 0) == "\"2025-07-21T08:00:00Z\"");
    CHECK(json(1184, "4713-01-01 00:00:00+00 BC") == "\"-4712-01-01T00:00:00.000000Z\"");
    CHECK(json(1186, "1 year 2 mons 3 days 04:05:06.78") == "37091106780000");
    CHECK(json(1186, "-1 mons -2 days +03:04:05.678") == "-2791554322000");
    CHECK(json(1186, "178000000 years") == "9223372036854775807");
    CHECK(json(1186, "00:00:00") == "0");
    CHECK(json(1560, "1", 1) == "true");
    CHECK(json(1560, "100", 3) == "\"BA==\"");
    CHECK(json(1562, "100000001") == "\"AQE=\"");
    CHECK(json(1562, "") == "\"\"");
    CHECK(json(600, "(1.5,-2)") ==
          R"({"x":1.5,"y":-2,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAADA","srid":null})");
    CHECK(json(50000, R"("a"=>"1", "b"=>NULL, "c\"d"=>"e\\f")", -1, "hstore") ==
          R"("{\"a\":\"1\",\"b\":null,\"c\\\"d\":\"e\\\\f\"}")");
    CHECK(json(25, "text") == "\"text\"");
}

TEST_CASE("Debezium's encodings refuse what is not their type") {
    for (const char* text : {"1x", "", "-", "007", "-0-"}) {
        CHECK_FAILS(json(20, text), bad_data, "integer");
    }
    CHECK_FAILS(json(1082, "2025-07"), bad_data, "date");
    CHECK_FAILS(json(1082, "2025-07-21 BCE"), bad_data, "date");
    CHECK_FAILS(json(1083, "10:00"), bad_data, "time");
    CHECK_FAILS(json(1266, "10:00:00"), bad_data, "time zone");
    CHECK_FAILS(json(1114, "2025-07-21T10:00:00"), bad_data, "timestamp");
    CHECK_FAILS(json(1186, "1 fortnight"), bad_data, "interval");
    CHECK_FAILS(json(1186, "99999999999:00:00"), bad_data, "interval");
    CHECK_FAILS(json(1266, "4087392194:00:00+02"), bad_data, "time");
    CHECK_FAILS(json(1266, "10:00:00+9999999999"), bad_data, "time");
    json(1186, "-2562047788:00:54.775808"); // the lowest
    CHECK_FAILS(json(1562, "102"), bad_data, "bit");
    CHECK_FAILS(json(600, "(1)"), bad_data, "point");
    CHECK_FAILS(json(600, "(.5,2)"), bad_data, "point");
    CHECK_FAILS(json(600, std::string{"(1,2\0)", 6}), bad_data, "point");
    CHECK_FAILS(json(50000, "\"a\"=>", -1, "hstore"), bad_data, "hstore");
    CHECK_FAILS(json(1700, "1.505", numeric(12, 2)), bad_data, "numeric");
}
