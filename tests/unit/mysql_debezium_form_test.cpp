#include "base/error.hpp"
#include "mysql/debezium_form.hpp"
#include "mysql/result_column.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace cdc;

namespace {

/// The form of an exact value.
std::string form(const char* type, std::string_view exact, bool nullable = true) {
    event::Column column;
    column.type = type;
    column.nullable = nullable;
    mysql::ValueCodec codec = mysql::result_codec(type);
    if (codec.kind == mysql::ValueKind::decimal) {
        codec.scale = 2;
    }
    std::string out = "before,";
    out += exact;
    mysql::write_debezium_form(out, 7, mysql::debezium_form(column, codec));
    CHECK(out.starts_with("before,"));
    return out.substr(7);
}

} // namespace

// What Debezium 3.3.1 was seen to write: tests/live/mysql_debezium.py.
TEST_CASE("encodings of Debezium's MySQL connector") {
    CHECK(form("int", "-7") == "-7");
    CHECK(form("tinyint", "5") == "5");
    CHECK(form("bigint", R"("-9223372036854775808")") == "-9223372036854775808");
    CHECK(form("bigint unsigned", R"("18446744073709551615")") == R"("18446744073709551615")");
    CHECK(form("bit(1)", "1") == "true");
    CHECK(form("bit(1)", "0") == "false");
    CHECK(form("bit(9)", "341") == R"("VQE=")");
    CHECK(form("bit(9)", "1") == R"("AQA=")");
    CHECK(form("bit(64)", R"("18446744073709551615")") == R"("//////////8=")");
    CHECK(form("decimal(12,2)", R"("-0.01")") == R"("/w==")");
    CHECK(form("decimal(12,2)", R"("1234567890.12")") == R"("HL6ZGhQ=")");
    CHECK(form("date", R"("1000-01-01")") == "-354285");
    CHECK(form("date", R"("1969-12-31")", false) == "-1");
    CHECK(form("time", R"("-838:59:59")") == "-3020399000000");
    CHECK(form("time", R"("838:59:59")") == "3020399000000");
    CHECK(form("time(3)", R"("-12:34:56.123")") == "-45296123000");
    CHECK(form("time(6)", R"("-00:00:00.500000")") == "-500000");
    CHECK(form("datetime", R"("1000-01-01T00:00:00")") == "-30610224000000");
    CHECK(form("datetime(3)", R"("1969-12-31T23:59:59.999")") == "-1");
    CHECK(form("datetime(4)", R"("2025-07-21T10:00:00.1234")") == "1753092000123400");
    CHECK(form("datetime(6)", R"("9998-12-31T23:59:59.999999")") == "253370764799999999");
    CHECK(form("timestamp(3)", R"("2025-07-21T10:00:00.120Z")") == R"("2025-07-21T10:00:00.120Z")");
    CHECK(form("geometry", R"("AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==")") ==
          R"({"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null})");
    CHECK(form("point", R"("5hAAAAEBAAAAAAAAAAAAAMAAAAAAAAD4Pw==")") ==
          R"({"x":-2,"y":1.5,"wkb":"AQEAAAAAAAAAAAAAwAAAAAAAAPg/","srid":4326})");
    CHECK(form("varbinary(3)", R"("AP8=")") == R"("AP8=")");
    CHECK(form("year", "0") == "0");
}

TEST_CASE("zero and partial dates are null, or the epoch where NULL is not allowed") {
    CHECK(form("date", R"("0000-00-00")") == "null");
    CHECK(form("date", R"("2025-00-00")", false) == "0");
    CHECK(form("datetime", R"("2025-00-00 10:00:00")") == "null");
    CHECK(form("datetime(6)", R"("0000-00-00 00:00:00.000000")", false) == "0");
    CHECK(form("timestamp", R"("0000-00-00 00:00:00")") == "null");
    CHECK(form("timestamp", R"("0000-00-00 00:00:00")", false) == R"("1970-01-01T00:00:00Z")");
}

TEST_CASE("what is no value of its type has no form") {
    CHECK_THROWS_AS(form("date", R"("soon")"), base::Error);
    CHECK_THROWS_AS(form("time", R"("12")"), base::Error);
    CHECK_THROWS_AS(form("bit(9)", R"("x")"), base::Error);
    CHECK_THROWS_AS(form("geometry", R"("AAA=")"), base::Error);
}
