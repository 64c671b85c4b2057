#include "base/xxh64.hpp"
#include "cdc-verify/column.hpp"
#include "cdc-verify/numeric.hpp"
#include "cdc-verify/report.hpp"
#include "cdc-verify/rows.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace cdc;
using verify::Column;
using verify::Value;

namespace {

Column column(std::uint32_t type_id, const char* type, const char* target) {
    postgres::FactColumn fact;
    fact.name = "c";
    fact.type = type;
    fact.type_id = type_id;
    return verify::pair_column(fact, "\"c\"", target, "c");
}

/// The text of what the source sends in `bytes`; "odd …" where the target cannot hold it.
std::string text(const Column& column, std::string_view bytes) {
    verify::Scratch scratch;
    const Value value = verify::encode(column, {bytes.data(), bytes.size()}, scratch);
    return (value.odd ? "odd " : "") + verify::text_of(column.type, value);
}

std::string number(std::uint64_t value, int size) {
    std::string out;
    for (int i = size - 1; i >= 0; --i) {
        out += static_cast<char>(value >> (8 * i));
    }
    return out;
}

/// PostgreSQL's binary numeric.
std::string numeric(int weight, int sign, int scale, const std::vector<int>& digits) {
    std::string out = number(digits.size(), 2) + number(static_cast<std::uint16_t>(weight), 2) +
                      number(static_cast<std::uint64_t>(sign), 2) +
                      number(static_cast<std::uint64_t>(scale), 2);
    for (const int digit : digits) {
        out += number(static_cast<std::uint64_t>(digit), 2);
    }
    return out;
}

} // namespace

TEST_CASE("xxh64 gives the published values") {
    CHECK(base::xxh64("") == 0xEF46DB3751D8E999U);
    CHECK(base::xxh64("a") == 0xD24EC4F1A98C6E5BU);
    CHECK(base::xxh64("abc") == 0x44BC2CF5AD770999U);
    for (const std::string_view word :
         {std::string_view{"abcd"}, std::string_view{"\xff\0\0\x80", 4},
          std::string_view{"abcdefgh"}, std::string_view{"\0\xff\xff\xff\xff\xff\xff\x80", 8}}) {
        CHECK(base::xxh64(word) == base::xxh64_of_any(word));
    }
    CHECK(base::xxh64("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1U);
}

TEST_CASE("integers and booleans have their digits, and those that do not fit are odd") {
    CHECK(text(column(21, "smallint", "Int16"), number(0x8000, 2)) == "-32768");
    CHECK(text(column(23, "integer", "Nullable(Int32)"), number(0xffffffff, 4)) == "-1");
    CHECK(text(column(20, "bigint", "Int64"), number(1ULL << 63, 8)) == "-9223372036854775808");
    CHECK(text(column(26, "oid", "UInt32"), number(0xffffffff, 4)) == "4294967295");
    CHECK(text(column(20, "bigint", "Int32"), number(1ULL << 40, 8)) == "odd 1099511627776");
    CHECK(text(column(21, "smallint", "UInt8"), number(0xffff, 2)) == "odd -1");
    CHECK(text(column(16, "boolean", "Bool"), std::string(1, '\1')) == "true");
    CHECK_THROWS(text(column(23, "integer", "Int32"), "abc"));
}

TEST_CASE("decimals are compared by value, in the target's scale") {
    const Column price = column(1700, "numeric(12,2)", "Decimal(12, 2)");
    CHECK(text(price, numeric(0, 0, 2, {12, 5000})) == "12.50");
    CHECK(text(price, numeric(-1, 0x4000, 2, {100})) == "-0.01");
    CHECK(text(price, numeric(0, 0, 0, {})) == "0.00");
    CHECK(text(price, numeric(2, 0, 0, {99, 9999, 9999})) == "9999999999.00");
    CHECK(text(price, numeric(2, 0, 0, {100})) == "odd 10000000000");
    CHECK(text(price, numeric(-1, 0, 3, {10})) == "odd 0.001");
    CHECK(text(price, numeric(0, 0xC000, 0, {})) == "odd NaN");
    CHECK(text(column(1700, "numeric(12,2)", "Decimal(18, 4)"), numeric(0, 0, 2, {12, 5000})) ==
          "12.5000");
    CHECK(text(column(1700, "numeric(50,10)", "Decimal(50, 10)"),
               numeric(9, 0x4000, 10,
                       {1234, 5678, 9012, 3456, 7890, 1234, 5678, 9012, 3456, 7890, 123, 4567,
                        8900})) == "-1234567890123456789012345678901234567890.0123456789");
    CHECK(text(column(1700, "numeric(30,0)", "Decimal(30, 0)"), numeric(5, 0, 0, {1})) ==
          "100000000000000000000");
    const std::vector<int> nines{99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999};
    const Column longest = column(1700, "numeric(38,0)", "Decimal(38, 0)");
    CHECK(text(longest, numeric(9, 0, 0, nines)) == std::string(38, '9'));
    CHECK(text(longest, numeric(9, 0x4000, 0, nines)) == "-" + std::string(38, '9'));
    CHECK(text(longest, numeric(9, 0, 0, {100})) == "odd 1" + std::string(38, '0'));
    const Column fine = column(1700, "numeric(24,8)", "Decimal(24, 8)");
    CHECK(text(fine, numeric(1, 0x4000, 8, {1, 2369, 6789, 100})) == "-12369.67890100");
    CHECK(text(fine, numeric(-2, 0, 8, {1})) == "0.00000001");
    CHECK(text(fine, numeric(-3, 0, 9, {1000})) == "odd 0.000000001");
    const Column of_19 = column(1700, "numeric(19,1)", "Decimal(19, 1)");
    CHECK(text(of_19, numeric(4, 0, 1, {99, 9999, 9999, 9999, 9999, 9000})) ==
          "999999999999999999.9");
}

TEST_CASE("times in the precision of the target; what it has no form for is odd") {
    const std::uint64_t micro = 1; // since 2000-01-01
    CHECK(text(column(1114, "timestamp", "DateTime64(6, 'UTC')"), number(micro, 8)) ==
          "2000-01-01 00:00:00.000001");
    CHECK(text(column(1184, "timestamptz", "DateTime64(3, 'UTC')"), number(1999, 8)) ==
          "2000-01-01 00:00:00.001");
    CHECK(text(column(1114, "timestamp", "DateTime64(6, 'UTC')"),
               number(static_cast<std::uint64_t>(-946684800000001), 8)) ==
          "1969-12-31 23:59:59.999999");
    CHECK(text(column(1114, "timestamp", "DateTime64(6, 'UTC')"), number(INT64_MAX, 8)) ==
          "odd infinity");
    CHECK(text(column(1082, "date", "Date32"), number(static_cast<std::uint32_t>(-1), 4)) ==
          "1999-12-31");
    CHECK(text(column(1082, "date", "Date32"), number(0x80000000U, 4)) == "odd -infinity");
}

TEST_CASE("floats have their shortest text, and one NaN") {
    const Column real = column(700, "real", "Float32");
    CHECK(text(real, number(0x3dcccccd, 4)) == "0.1");
    CHECK(text(real, number(0xff800000, 4)) == "-Infinity");
    verify::Scratch a;
    verify::Scratch b;
    const std::string one = number(0x7fc00000, 4);
    const std::string other = number(0xffc00001, 4);
    CHECK(verify::encode(real, {one.data(), 4}, a).bytes ==
          verify::encode(real, {other.data(), 4}, b).bytes);
}

TEST_CASE("bytes, uuids, texts") {
    CHECK(text(column(2950, "uuid", "UUID"),
               std::string{"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11",
                           16}) == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    CHECK(text(column(17, "bytea", "String"), std::string{"\0x", 2}) == std::string{"\0x", 2});
    CHECK(text(column(1042, "character(5)", "String"), "ab   ") == "ab   ");
    CHECK(column(869, "inet", "String").source_select.find("format('%s'") != std::string::npos);
    CHECK(text(column(3802, "jsonb", "String"), "\1{\"a\": 1}") == "{\"a\": 1}");
    CHECK_THROWS(text(column(3802, "jsonb", "String"), "\2{}"));
    CHECK_THROWS(text(column(3802, "jsonb", "String"), ""));
}

TEST_CASE("a String column holds the text that cdc-load stores") {
    CHECK(text(column(790, "money", "String"), "-$1,234.56") == "-1234.56");
    CHECK(text(column(16, "boolean", "String"), "t") == "true");
    CHECK(text(column(1114, "timestamp", "String"), "2025-07-21 10:00:00.5") ==
          "2025-07-21T10:00:00.5");
    CHECK(text(column(20, "bigint", "String"), "9223372036854775807") == "9223372036854775807");
    CHECK(column(1700, "numeric", "String").as_text);
}

TEST_CASE("NULL, the empty text and a value that does not fit are three things") {
    const Value null{{}, true};
    const Value empty{};
    const Value odd{{}, false, true};
    CHECK(verify::value_hash(null) != verify::value_hash(empty));
    CHECK(verify::value_hash(odd) != verify::value_hash(empty));
    std::string image;
    verify::append_image(image, null);
    verify::append_image(image, empty);
    verify::append_image(image, {"x"});
    const auto values = verify::split_image(image, 3);
    CHECK(values[0].null);
    CHECK_FALSE(values[1].null);
    CHECK(values[2].bytes == "x");
}

TEST_CASE("a failed read is 2 whatever was found; lag alone is never 1") {
    using verify::Verdict;
    verify::TableReport same;
    verify::TableReport different;
    different.missing = 1;
    verify::TableReport unsettled;
    unsettled.unsettled = 1;
    verify::TableReport failed;
    failed.error = "permission denied";
    CHECK(verify::judge({same}) == Verdict::same);
    CHECK(verify::judge({same, unsettled}) == Verdict::unknown);
    CHECK(verify::judge({unsettled, different}) == Verdict::different);
    CHECK(verify::judge({different, failed}) == Verdict::unknown);
    CHECK(verify::judge({}) == Verdict::unknown);
}

TEST_CASE(
    "same is said of what was compared: not of a column that was not, nor of a dropped table") {
    using verify::Verdict;
    verify::TableReport same;
    verify::TableReport part;
    part.not_compared = {{"note", "the target does not have it"}};
    CHECK(verify::judge({same, part}) == Verdict::unknown);
    CHECK(verify::render_table({part}, true).find("not compared: note") != std::string::npos);
    part.missing = 1;
    CHECK(verify::judge({same, part}) == Verdict::different);
    verify::TableReport gone;
    gone.gone = "dropped at the source";
    CHECK(verify::judge({same, gone}) == Verdict::same);
    CHECK(verify::judge({gone}) == Verdict::unknown);
    gone.extra = 3;
    CHECK(verify::judge({same, gone}) == Verdict::different);
}

TEST_CASE("arrays, bytes and years before 1 are readable") {
    const auto shown = [](const Column& column, std::string_view bytes) {
        verify::Scratch scratch;
        return verify::display_text(column,
                                    verify::encode(column, {bytes.data(), bytes.size()}, scratch));
    };
    CHECK(shown(column(17, "bytea", "String"), "\xfe") == "\\xfe");
    const std::uint32_t before = static_cast<std::uint32_t>(-746117); // days since 2000-01-01
    CHECK(shown(column(1082, "date", "Date32"), number(before, 4)) == "0044-03-15 BC");
    postgres::FactColumn fact;
    fact.name = "c";
    fact.type = "real[]";
    fact.element_id = 700;
    const Column reals = verify::pair_column(fact, "\"c\"", "Array(Nullable(Float32))", "c");
    CHECK(shown(reals, "{0.25,NULL,NaN}") == "[0.25, NULL, NaN]");
    CHECK(shown(reals, "{}") == "[]");
}
