#include "cdc-verify/column.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/result_column.hpp"
#include "mysql/row_query.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cdc;
using namespace std::string_literals;

namespace {

std::string json(const char* type, const std::string& bytes) {
    std::string out;
    mysql::append_result_value(out, mysql::result_codec(type), bytes);
    return out;
}

/// What is compared, as text; "odd …" where the target cannot hold it.
std::string compared(const char* type, const char* target, const std::string& bytes) {
    source::FactColumn fact;
    fact.name = "c";
    fact.type = type;
    const verify::Column column = verify::pair_mysql_column(fact, "`c`", target, "c");
    verify::Scratch scratch;
    const verify::Value value = verify::encode_result(column, {bytes, false}, scratch);
    return (value.odd ? "odd " : "") + verify::display_text(column, value);
}

} // namespace

TEST_CASE("values of a prepared statement's result have the JSON that the log's have") {
    CHECK(json("int", "\xff\xff\xff\xff") == "-1");
    CHECK(json("int unsigned", "\xff\xff\xff\xff") == "4294967295");
    CHECK(json("bigint(20) unsigned zerofill", std::string(8, '\xff')) ==
          "\"18446744073709551615\"");
    CHECK(json("year", "\xe9\x07") == "2025");
    CHECK(json("bit(9)", "\x01\xff"s) == "511");
    CHECK(json("decimal(12,2)", "-12.50") == "\"-12.50\"");
    CHECK(json("decimal(6,2) unsigned zerofill", "0001.50") == "\"1.50\"");
    CHECK(json("decimal(3,0) unsigned zerofill", "000") == "\"0\"");
    CHECK(json("decimal(9,9)", "0.000000001") == "\"0.000000001\"");
    CHECK(json("float", "\xcd\xcc\xcc\x3d") == "0.1");
    CHECK(json("date", "\xe9\x07\x07\x15"s) == "\"2025-07-21\"");
    CHECK(json("date", "") == "\"0000-00-00\"");
    CHECK(json("datetime(3)", "\xe9\x07\x07\x15\x0a\x00\x00\x78\xe0\x01\x00"s) ==
          "\"2025-07-21T10:00:00.123\"");
    CHECK(json("timestamp", "\xe9\x07\x07\x15\x0a\x00\x00"s) == "\"2025-07-21T10:00:00Z\"");
    CHECK(json("datetime", "\xe9\x07\x07\x00"s) == "\"2025-07-00 00:00:00\"");
    CHECK(json("time(1)", "\x01\x22\x00\x00\x00\x16\x3b\x3b\xa0\xbb\x0d\x00"s) ==
          "\"-838:59:59.9\"");
    CHECK(json("time", "") == "\"00:00:00\"");
    CHECK(json("binary(3)", "a\0\0"s) == "\"YQAA\"");
    CHECK(json("enum('a')", "a") == "\"a\"");
}

TEST_CASE("a result's value that is cut is told") {
    CHECK_THROWS_AS(json("date", "\xe9\x07\x07"), base::Error);
    CHECK_THROWS_AS(json("datetime", "\xe9\x07\x07\x15\x0a"s), base::Error);
    CHECK_THROWS_AS(json("time", "\x01\x22"), base::Error);
    CHECK_THROWS_AS(json("year", "\xe9"), base::Error);
}

TEST_CASE("labels are read from the type that the catalog has") {
    CHECK(mysql::labels_of_type(R"(enum('a','it''s',',','b\\c\n','unsigned'))") ==
          std::vector<std::string>{"a", "it's", ",", "b\\c\n", "unsigned"});
    CHECK(mysql::labels_of_type("set('x')") == std::vector<std::string>{"x"});
    CHECK_THROWS_AS(mysql::labels_of_type("enum('a"), base::Error);
}

TEST_CASE("values of MySQL are compared as cdc-load stores them") {
    const std::string most(8, '\xff');
    CHECK(compared("bigint unsigned", "UInt64", most) == "18446744073709551615");
    CHECK(compared("bigint", "Int64", most) == "-1");
    CHECK(compared("bigint unsigned", "Int64", most) == "odd 18446744073709551615");
    CHECK(compared("bigint unsigned", "String", most) == "18446744073709551615");
    CHECK(compared("mediumint", "Int8", "\x7f\x00\x00\x00"s) == "127");
    CHECK(compared("mediumint", "Int8", "\x80\x00\x00\x00"s) == "odd 128");
    CHECK(compared("decimal(10,2)", "Decimal(10, 2)", "-12.50") == "-12.50");
    CHECK(compared("decimal(10,2)", "Decimal(4, 2)", "123.45").starts_with("odd "));
    CHECK(compared("date", "Date32", "\xe9\x07\x07\x15"s) == "2025-07-21");
    CHECK(compared("date", "Date32", "") == "odd 0000-00-00");
    CHECK(compared("datetime(6)", "DateTime64(6)", "\xe9\x07\x07\x15\x0a\x00\x00"s) ==
          "2025-07-21 10:00:00.000000");
    CHECK(compared("datetime", "DateTime64(6)", "") == "odd 0000-00-00 00:00:00");
    CHECK(compared("varbinary(9)", "String", "\x00\xff"s) == "\\x00ff");
    CHECK(compared("varchar(9)", "LowCardinality(String)", "\"a\\") == "\"a\\");
    CHECK(compared("time", "String", "") == "00:00:00");
}
