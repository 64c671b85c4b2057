#include "clickhouse/row_format.hpp"
#include "clickhouse/row_text.hpp"

#include "support.hpp"

#include <string>

using namespace cdc::clickhouse;

namespace {

ColumnMapping mapping(std::string_view type_text) {
    ColumnMapping column;
    const auto type = parse_type(type_text);
    REQUIRE_MESSAGE(type, type_text);
    column.type = *type;
    return column;
}

/// What ClickHouse would show of the value, or "error: …".
std::string stored(const ColumnMapping& column, const std::string& json) {
    std::string buffer(max_value_size(column.type, json.size()), '\0');
    char* out = buffer.data();
    if (const char* wrong = append_value(out, column, json); wrong != nullptr) {
        CHECK(out == buffer.data());
        return std::string{"error: "} + wrong;
    }
    REQUIRE(static_cast<std::size_t>(out - buffer.data()) <= buffer.size());
    CHECK(skip_value(buffer.data(), out, column.type) == out);
    for (const char* cut = buffer.data(); cut < out; ++cut) {
        CHECK(skip_value(buffer.data(), cut, column.type) == nullptr);
    }
    std::string text;
    const char* at = buffer.data();
    CHECK(append_value_text(text, at, out, column.type));
    CHECK(at == out);
    return text;
}

std::string stored(const char* type, const std::string& json) {
    return stored(mapping(type), json);
}

std::string bytes(const char* type, const std::string& json) {
    const ColumnMapping column = mapping(type);
    std::string buffer(max_value_size(json.size()), '\0');
    char* out = buffer.data();
    REQUIRE(append_value(out, column, json) == nullptr);
    buffer.resize(static_cast<std::size_t>(out - buffer.data()));
    return buffer;
}

bool refused(const char* type, const std::string& json) {
    return stored(type, json).rfind("error: ", 0) == 0;
}

} // namespace

TEST_CASE("RowBinary has ClickHouse's published bytes") {
    CHECK(bytes("Int32", "-2") == std::string{"\xfe\xff\xff\xff", 4});
    CHECK(bytes("Bool", "true") == std::string{"\x01", 1});
    CHECK(bytes("String", "\"ab\"") == std::string{"\x02"} + "ab");
    CHECK(bytes("Nullable(String)", "null") == std::string{"\x01", 1});
    CHECK(bytes("Nullable(String)", "\"a\"") == std::string{"\x00\x01"
                                                            "a",
                                                            3});
    CHECK(bytes("Decimal(9, 2)", "\"-1.5\"") == std::string{"\x6a\xff\xff\xff", 4});
    CHECK(bytes("Date32", "\"1970-01-02\"") == std::string{"\x01\x00\x00\x00", 4});
    CHECK(bytes("DateTime64(3, 'UTC')", "\"1970-01-01T00:00:01\"") ==
          std::string{"\xe8\x03\x00\x00\x00\x00\x00\x00", 8});
    CHECK(bytes("UUID", "\"00112233-4455-6677-8899-aabbccddeeff\"") ==
          std::string{"\x77\x66\x55\x44\x33\x22\x11\x00\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 16});
    CHECK(bytes("String", "\"" + std::string(200, 'x') + "\"").substr(0, 2) == "\xc8\x01");
    CHECK(bytes("Decimal(38, 0)", "\"1\"").size() == 16);
    CHECK(bytes("Decimal(76, 0)", "\"1\"").size() == 32);
}

TEST_CASE("a text that is shorter than its line has the length that it has") {
    for (const std::size_t size : {0, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384}) {
        std::string escaped;
        for (std::size_t i = 0; i < size; ++i) {
            escaped += "\\\"";
        }
        std::string expected(10, '\0');
        char* at = expected.data();
        append_varint(at, size);
        expected.resize(static_cast<std::size_t>(at - expected.data()));
        expected += std::string(size, '"');
        CHECK(bytes("String", '"' + escaped + '"') == expected);
    }
}

TEST_CASE("integers reach both ends of their type, and not further") {
    const std::tuple<const char*, const char*, const char*, const char*, const char*> cases[] = {
        {"Int8", "-128", "127", "-129", "128"},
        {"Int16", "-32768", "32767", "-32769", "32768"},
        {"Int32", "-2147483648", "2147483647", "-2147483649", "2147483648"},
        {"Int64", "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
         "9223372036854775808"},
        {"UInt8", "0", "255", "-1", "256"},
        {"UInt16", "0", "65535", "-1", "65536"},
        {"UInt32", "0", "4294967295", "-1", "4294967296"},
        {"UInt64", "0", "18446744073709551615", "-1", "18446744073709551616"},
    };
    for (const auto& [type, least, greatest, below, above] : cases) {
        CHECK(stored(type, least) == least);
        CHECK(stored(type, greatest) == greatest);
        CHECK(stored(type, '"' + std::string{greatest} + '"') == greatest);
        CHECK(stored(type, below).find("range") != std::string::npos);
        CHECK(stored(type, above).find("range") != std::string::npos);
    }
    for (const char* wrong :
         {"1.0", "1e3", "\"\"", "\"-\"", "true", "\"a\"", "{}", "[1]", "\" 1\""}) {
        CHECK_MESSAGE(refused("Int32", wrong), wrong);
    }
}

TEST_CASE("NULL goes into Nullable columns only") {
    for (const char* type : {"Int32", "String", "Bool", "Float64", "Decimal(10, 2)", "Date32",
                             "DateTime64(6, 'UTC')", "UUID", "LowCardinality(String)"}) {
        CHECK(stored(type, "null") == "error: is NULL, and the column is not Nullable");
    }
    CHECK(stored("Nullable(Decimal(76, 10))", "null") == "null");
    CHECK(stored("LowCardinality(Nullable(String))", "null") == "null");
}

TEST_CASE("arrays have elements, NULL has none") {
    CHECK(bytes("Array(Nullable(Int16))", "[1,null]") == std::string{"\x02\x00\x01\x00\x01", 5});
    CHECK(stored("Array(Nullable(Int32))", "[1,null,-3]") == "[1,null,-3]");
    CHECK(stored("Array(Nullable(Int32))", "[]") == "[]");
    CHECK(stored("Array(Nullable(Int32))", "null") == "[]");
    CHECK(stored("Array(Nullable(Int32))", R"({"bounds":"[0:1]","elements":[1,2]})") == "[1,2]");
    CHECK(stored("Array(Nullable(String))", R"(["a\"b",null,""])") == R"(["a\"b",null,""])");
    CHECK(stored("Array(Nullable(Decimal(76, 2)))", R"([1,2,3,4,5,6,7,8])") ==
          R"(["1.00","2.00","3.00","4.00","5.00","6.00","7.00","8.00"])");
    CHECK(stored("Array(Nullable(UUID))", R"([null])") == "[null]");
    CHECK(refused("Array(Nullable(Int32))", "[[1]]"));
    CHECK(refused("Array(Nullable(Int32))", "[1,\"x\"]"));
    CHECK(refused("Array(Nullable(Int32))", "1"));
    CHECK(refused("Array(Nullable(Int32))", R"({"elements":1})"));
    CHECK(refused("Array(Nullable(Int32))", "[1"));
}

TEST_CASE("decimals are exact, or refused") {
    CHECK(stored("Decimal(10, 2)", "\"12.50\"") == "\"12.50\"");
    CHECK(stored("Decimal(10, 2)", "\"-0.01\"") == "\"-0.01\"");
    CHECK(stored("Decimal(10, 2)", "\"0\"") == "\"0.00\"");
    CHECK(stored("Decimal(10, 2)", "\"007\"") == "\"7.00\"");
    CHECK(stored("Decimal(10, 2)", "12.5") == "\"12.50\"");
    CHECK(stored("Decimal(10, 2)", "\"99999999.99\"") == "\"99999999.99\"");
    CHECK(stored("Decimal(10, 2)", "\"1.5000\"") == "\"1.50\"");
    CHECK(refused("Decimal(10, 2)", "\"100000000\""));
    CHECK(refused("Decimal(10, 2)", "\"1.005\""));
    CHECK(refused("Decimal(10, 2)", "\"NaN\""));
    CHECK(refused("Decimal(10, 2)", "\"Infinity\""));
    CHECK(refused("Decimal(10, 2)", "\"1e3\""));
    CHECK(refused("Decimal(10, 2)", "\"1.\""));
    CHECK(refused("Decimal(10, 2)", "\".5\""));
    CHECK(refused("Decimal(10, 2)", "\"\""));
    for (const int precision : {9, 10, 18, 19, 37, 38, 39, 57, 75, 76}) {
        const std::string type = "Decimal(" + std::to_string(precision) + ", 0)";
        const std::string nines(static_cast<std::size_t>(precision), '9');
        CHECK(stored(type.c_str(), '"' + nines + '"') == '"' + nines + '"');
        CHECK(stored(type.c_str(), "\"-" + nines + '"') == "\"-" + nines + '"');
        CHECK(refused(type.c_str(), "\"1" + std::string(nines.size(), '0') + '"'));
    }
    CHECK(stored("Decimal(76, 76)", "\"0." + std::string(76, '9') + '"') ==
          "\"0." + std::string(76, '9') + '"');
}

TEST_CASE("dates and times keep to what the engine can hold") {
    CHECK(stored("Date32", "\"1900-01-01\"") == "\"1900-01-01\"");
    CHECK(stored("Date32", "\"2299-12-31\"") == "\"2299-12-31\"");
    for (const char* wrong :
         {"\"1899-12-31\"", "\"2300-01-01\"", "\"2025-02-29\"", "\"2025-13-01\"", "\"infinity\"",
          "\"0044-03-15 BC\"", "\"2025-7-1\"", "\"\"", "20250701", "\"2025-07-01T00:00:00\""}) {
        CHECK_MESSAGE(refused("Date32", wrong), wrong);
    }
    const char* type = "DateTime64(6, 'UTC')";
    CHECK(stored(type, "\"2025-07-21T10:00:00.123456\"") == "\"2025-07-21 10:00:00.123456\"");
    CHECK(stored(type, "\"2025-07-21T10:00:00.5Z\"") == "\"2025-07-21 10:00:00.500000\"");
    CHECK(stored(type, "\"1969-12-31T23:59:59.999999Z\"") == "\"1969-12-31 23:59:59.999999\"");
    CHECK(stored(type, "\"1900-01-01T00:00:00\"") == "\"1900-01-01 00:00:00.000000\"");
    CHECK(stored(type, "\"2299-12-31T23:59:59.999999\"") == "\"2299-12-31 23:59:59.999999\"");
    CHECK(stored("DateTime64(0, 'UTC')", "\"2025-07-21T10:00:00\"") == "\"2025-07-21 10:00:00\"");
    CHECK(stored("DateTime64(3, 'UTC')", "\"2025-07-21T10:00:00.120000\"") ==
          "\"2025-07-21 10:00:00.120\"");
    CHECK(refused("DateTime64(3, 'UTC')", "\"2025-07-21T10:00:00.1234\""));
    CHECK(stored("DateTime64(9, 'UTC')", "\"2262-04-11T23:47:15.999999\"") ==
          "\"2262-04-11 23:47:15.999999000\"");
    CHECK(refused("DateTime64(9, 'UTC')", "\"2262-04-11T23:47:17\""));
    CHECK(refused("DateTime64(9, 'UTC')", "\"2299-12-31T23:59:59\""));
    for (const char* wrong :
         {"\"2025-07-21\"", "\"2025-07-21T24:00:00\"", "\"2025-07-21T10:60:00\"",
          "\"2025-07-21T10:00:60\"", "\"2025-07-21T10:00:00.\"", "\"2025-07-21T10:00:00+02\"",
          "\"-infinity\"", "\"0044-03-15 10:00:00 BC\"", "5"}) {
        CHECK_MESSAGE(refused(type, wrong), wrong);
    }
}

TEST_CASE("floats come from numbers and from the three words") {
    CHECK(stored("Float64", "0.1") == "0.1");
    CHECK(stored("Float64", "1e+20") == "1e+20");
    CHECK(stored("Float64", "-1.7976931348623157e308") == "-1.7976931348623157e+308");
    CHECK(stored("Float64", "5e-324") == "5e-324");
    CHECK(stored("Float32", "3.4028235e38") == "3.4028235e+38");
    CHECK(stored("Float64", "\"NaN\"") == "\"nan\"");
    CHECK(stored("Float32", "\"-Infinity\"") == "\"-inf\"");
    CHECK(stored("Float64", "\"Infinity\"") == "\"inf\"");
    CHECK(refused("Float64", "\"1.5\""));
    CHECK(refused("Float64", "true"));
    CHECK(refused("Float32", "1e39"));
}

TEST_CASE("text is unescaped, and bytes are decoded") {
    CHECK(stored("String", R"("a\"\\\n\u00e9\ud83d\ude00")") == "\"a\\\"\\\\\\n\u00e9\U0001F600\"");
    CHECK(stored("String", "\"\"") == "\"\"");
    CHECK(refused("String", R"("\ud83d")"));
    CHECK(stored("String", "12") == "\"12\"");
    ColumnMapping text = mapping("String");
    text.only_strings = true;
    CHECK(stored(text, "12") == "error: is not a string");
    CHECK(stored(text, "[1]") == "error: is not a string");
    ColumnMapping binary = mapping("Nullable(String)");
    binary.base64 = binary.only_strings = true;
    CHECK(stored(binary, "\"3q2+7w==\"") == "\"\\\\xdeadbeef\"");
    CHECK(stored(binary, "\"\"") == "\"\"");
    CHECK(stored(binary, "\"a\"") == "error: is not base64");
}

TEST_CASE("uuids and booleans") {
    CHECK(stored("UUID", "\"A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11\"") ==
          "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"");
    for (const char* wrong : {"\"\"", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1\"",
                              "\"a0eebc999c0b-4ef8-bb6d-6bb9bd380a111\"",
                              "\"g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"", "1"}) {
        CHECK_MESSAGE(refused("UUID", wrong), wrong);
    }
    CHECK(stored("Bool", "true") == "true");
    CHECK(stored("Bool", "false") == "false");
    CHECK(refused("Bool", "1"));
    CHECK(refused("Bool", "\"true\""));
}

TEST_CASE("defaults are NULL or the type's zero") {
    for (const char* type : {"Int8", "UInt64", "Float32", "Decimal(40, 5)", "UUID", "String",
                             "Bool", "Date32", "DateTime64(3, 'UTC')", "Nullable(UUID)"}) {
        char buffer[64];
        char* out = buffer;
        append_default(out, *parse_type(type));
        CHECK_MESSAGE(skip_value(buffer, out, *parse_type(type)) == out, type);
    }
}
