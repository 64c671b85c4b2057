#include "postgres/value.hpp"
#include "support.hpp"

using namespace cdc::postgres;

namespace {

std::string json(ValueKind kind, std::string_view text) {
    std::string out;
    append_value(out, kind, text);
    return out;
}

} // namespace

TEST_CASE("each kind of value has its JSON form") {
    struct Case {
        ValueKind kind;
        const char* text;
        const char* json;
    };
    static const Case kCases[] = {
        {ValueKind::boolean, "t", "true"},
        {ValueKind::boolean, "f", "false"},
        {ValueKind::integer, "0", "0"},
        {ValueKind::integer, "-32768", "-32768"},
        {ValueKind::integer, "4294967295", "4294967295"},
        {ValueKind::integer, "9007199254740992", "9007199254740992"},
        {ValueKind::integer, "9007199254740993", R"("9007199254740993")"},
        {ValueKind::integer, "-9223372036854775808", R"("-9223372036854775808")"},
        {ValueKind::real, "0.1", "0.1"},
        {ValueKind::real, "-0", "-0"},
        {ValueKind::real, "1e+300", "1e+300"},
        {ValueKind::real, "5e-324", "5e-324"},
        {ValueKind::real, "NaN", R"("NaN")"},
        {ValueKind::real, "-Infinity", R"("-Infinity")"},
        {ValueKind::money, "$12.50", R"("12.50")"},
        {ValueKind::money, "-$1,234,567.80", R"("-1234567.80")"},
        {ValueKind::money, "1.234,50 €", "\"1.234,50 €\""},
        {ValueKind::money, "$.50", R"("$.50")"},
        {ValueKind::bytes, "\\x", R"("")"},
        {ValueKind::bytes, "\\xdeadbeef", R"("3q2+7w==")"},
        {ValueKind::timestamp, "2025-07-21 10:00:00.123456", R"("2025-07-21T10:00:00.123456")"},
        {ValueKind::timestamp, "294276-12-31 23:59:59.999999", R"("294276-12-31T23:59:59.999999")"},
        {ValueKind::timestamp, "infinity", R"("infinity")"},
        {ValueKind::timestamp, "0044-03-15 10:00:00 BC", R"("0044-03-15 10:00:00 BC")"},
        {ValueKind::timestamptz, "2025-07-21 08:00:00+00", R"("2025-07-21T08:00:00Z")"},
        {ValueKind::timestamptz, "0044-03-15 10:00:00+00 BC", R"("0044-03-15 10:00:00+00 BC")"},
        {ValueKind::timestamptz, "-infinity", R"("-infinity")"},
        {ValueKind::text, "", R"("")"},
        {ValueKind::text, "a\"b\\c\n\x01\té", R"("a\"b\\c\n\u0001\té")"},
    };
    for (const Case& c : kCases) {
        CAPTURE(c.text);
        CHECK(json(c.kind, c.text) == c.json);
    }
}

TEST_CASE("a value that does not have the form of its type stops the stream") {
    for (const char* text : {"", "-", "1.0", "01", "1 ", "0x1", "+1", "1e3"}) {
        CAPTURE(text);
        CHECK_FAILS(json(ValueKind::integer, text), bad_data, "integer");
    }
    for (const char* text : {"", "inf", "1.", ".5", "1e", "1e+", "00", "0x1p3", "nan"}) {
        CAPTURE(text);
        CHECK_FAILS(json(ValueKind::real, text), bad_data, "double");
    }
    CHECK_FAILS(json(ValueKind::boolean, "true"), bad_data, "boolean");
    CHECK_FAILS(json(ValueKind::bytes, "deadbeef"), bad_data, "bytea");
    CHECK_FAILS(json(ValueKind::bytes, "\\xabc"), bad_data, "bytea");
}

TEST_CASE("a large value that nobody reads again has the JSON of any") {
    std::string text;
    std::string hex = "\\x";
    for (int i = 0; text.size() < (std::size_t{5} << 20) + 3; ++i) {
        text += i % 7 == 0 ? "\"\n\\" : "plain ä";
        hex += i % 3 == 0 ? "00ff7a" : "5c22";
    }
    hex += hex.substr(2) + "01";
    for (const auto& [kind, value] : {std::pair{ValueKind::text, text}, {ValueKind::bytes, hex}}) {
        std::string expected = "x";
        append_value(expected, kind, value);
        std::string once = "x";
        std::string copy = value;
        append_value_once(once, kind, copy);
        CHECK((once == expected));
    }
    std::string out;
    std::string odd = hex + '0';
    CHECK_FAILS(append_value_once(out, ValueKind::bytes, odd), bad_data, "bytea");
    odd = std::string(hex.size(), '0');
    CHECK_FAILS(append_value_once(out, ValueKind::bytes, odd), bad_data, "bytea");
}

TEST_CASE("arrays are arrays of their elements") {
    const auto array = [](ValueKind kind, std::string_view text, char delimiter = ',') {
        std::string out;
        append_value(out, ValueCodec{kind, delimiter}, text);
        return out;
    };
    CHECK(array(ValueKind::integer, "{}") == "[]");
    CHECK(array(ValueKind::integer, "{1,NULL,9223372036854775807}") ==
          R"([1,null,"9223372036854775807"])");
    CHECK(array(ValueKind::integer, "{{1,2},{3,NULL}}") == "[[1,2],[3,null]]");
    CHECK(array(ValueKind::integer, "[0:1]={1,2}") == R"({"bounds":"[0:1]","elements":[1,2]})");
    CHECK(array(ValueKind::boolean, "{t,f}") == "[true,false]");
    CHECK(array(ValueKind::text, R"({"",NULL,"NULL",null,"a,b","c\\d","e\"f","{}"," x "})") ==
          R"(["",null,"NULL","null","a,b","c\\d","e\"f","{}"," x "])");
    CHECK(array(ValueKind::bytes, R"({"\\xdeadbeef",NULL})") == R"(["3q2+7w==",null])");
    CHECK(array(ValueKind::timestamptz, R"({"2025-07-21 08:00:00+00"})") ==
          R"(["2025-07-21T08:00:00Z"])");
    CHECK(array(ValueKind::text, "{(3,4),(1,2);(1,1),(0,0)}", ';') ==
          R"x(["(3,4),(1,2)","(1,1),(0,0)"])x");
    const std::string whole = R"({{1,"2"},{3,4}})";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FAILS(array(ValueKind::integer, whole.substr(0, size)), bad_data, "array");
    }
    for (const char* text : {"{1,}", "{,1}", "{1}}", "1", "{1;2}", "[0:1]", "{{{{{{{1}}}}}}}"}) {
        CAPTURE(text);
        CHECK_THROWS(array(ValueKind::integer, text));
    }
}

TEST_CASE("types without a form of their own are text") {
    CHECK(value_kind(1700) == ValueKind::text); // numeric
    CHECK(value_kind(99999) == ValueKind::text);
    CHECK(value_kind(20) == ValueKind::integer);
    CHECK(value_kind(1184) == ValueKind::timestamptz);
}
