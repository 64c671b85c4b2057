#include "event/json_cursor.hpp"
#include "event/json_scan.hpp"
#include "event/json_writer.hpp"

#include "support.hpp"

#include <nlohmann/json.hpp>

#include <random>

using namespace cdc::event;

namespace {

std::string escaped(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string integer(std::string_view digits) {
    std::string out;
    append_json_integer_text(out, digits);
    return out;
}

bool accepts(std::string_view text) {
    JsonCursor cursor{text};
    cursor.value();
    return !cursor.failed() && cursor.at_end();
}

} // namespace

TEST_CASE("only quotes, backslashes and control characters are escaped") {
    CHECK(escaped("plain") == R"("plain")");
    CHECK(escaped("a\"b\\c/d") == R"("a\"b\\c/d")");
    CHECK(escaped("\b\f\n\r\t\x01\x1f\x7f") == "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    CHECK(escaped("zażółć 🦆") == "\"zażółć 🦆\"");
}

TEST_CASE("the first special byte is found at every place of every length, and none outside") {
    for (const char special : {'"', '\\', '\n', '\0', '\x1f'}) {
        for (std::size_t size = 0; size < 50; ++size) {
            const std::string edge(16, special);
            std::string text = edge + std::string(size, '\x80') + edge;
            const char* const at = text.data() + edge.size();
            CHECK(find_json_special(at, at + size) == at + size);
            for (std::size_t place = size; place-- > 0;) { // all behind it are special, too
                text[edge.size() + place] = special;
                CHECK(find_json_special(at, at + size) == at + place);
                CHECK(find_json_special<true>(at, at + size) == at + place);
            }
        }
    }
}

TEST_CASE("a text that stands in JSON as it is is told from others of every length") {
    for (const char wrong : {'"', '\\', '\n', '\0', '\x80', '\xff'}) {
        for (std::size_t size = 0; size < 50; ++size) {
            const std::string edge(16, wrong);
            std::string text = edge + std::string(size, 'a') + edge;
            const std::string_view middle = std::string_view{text}.substr(edge.size(), size);
            CHECK(is_plain_ascii(middle));
            for (std::size_t place = 0; place < size; ++place) {
                text[edge.size() + place] = wrong;
                CHECK_FALSE(is_plain_ascii(middle));
                text[edge.size() + place] = '\x7f';
            }
        }
    }
}

TEST_CASE("every string survives escaping and unescaping, whatever its length") {
    std::mt19937 random{7};
    for (int i = 0; i < 5000; ++i) {
        std::string text;
        for (unsigned n = random() % 70; n > 0; --n) {
            text += static_cast<char>(random() % 3 == 0 ? random() % 0x30 : 'a' + random() % 26);
        }
        const std::string json = escaped(text);
        CHECK(nlohmann::json::parse(json).get<std::string>() == text);
        std::string back;
        REQUIRE(append_json_unescaped(back, std::string_view{json}.substr(1, json.size() - 2)));
        CHECK(back == text);
        CHECK(accepts(json));
    }
}

TEST_CASE("unescaping knows every escape and refuses lone surrogates") {
    std::string out;
    CHECK(append_json_unescaped(out, R"(\u00e9\ud83e\udd86\/)"));
    CHECK(out == "é🦆/");
    CHECK_FALSE(append_json_unescaped(out, R"(\ud83e)"));
    CHECK_FALSE(append_json_unescaped(out, R"(\ud83ex)"));
    CHECK_FALSE(append_json_unescaped(out, R"(\udd86)"));
    CHECK_FALSE(append_json_unescaped(out, R"(\ud83e\u0041)"));
    CHECK_FALSE(append_json_unescaped(out, "\\"));
    CHECK_FALSE(append_json_unescaped(out, "\\x"));
}

TEST_CASE("integers beyond 2^53 become strings") {
    CHECK(integer("0") == "0");
    CHECK(integer("-12") == "-12");
    CHECK(integer("9007199254740992") == "9007199254740992");
    CHECK(integer("-9007199254740992") == "-9007199254740992");
    CHECK(integer("9007199254740993") == "\"9007199254740993\"");
    CHECK(integer("-9223372036854775808") == "\"-9223372036854775808\"");
    std::string out;
    append_json_integer(out, std::int64_t{9007199254740993});
    append_json_integer(out, std::int64_t{-9007199254740992});
    append_json_integer(out, std::uint64_t{18446744073709551615U});
    CHECK(out == "\"9007199254740993\"-9007199254740992\"18446744073709551615\"");
}

TEST_CASE("floats that JSON cannot spell become strings") {
    const std::pair<const char*, const char*> cases[] = {{"1e+20", "1e+20"},
                                                         {"-0", "-0"},
                                                         {"0.1", "0.1"},
                                                         {"NaN", "\"NaN\""},
                                                         {"-Infinity", "\"-Infinity\""}};
    for (const auto& [text, json] : cases) {
        std::string out;
        append_json_float_text(out, text);
        CHECK(out == json);
    }
}

TEST_CASE("the cursor accepts JSON and nothing else") {
    for (const char* good : {"{}", "[]", "[1,2.5,-3e10,\"x\",true,false,null,{\"a\":[{}]}]", " 1 ",
                             "{\"a\" : 1 , \"b\":[ ] }", "\"\\u00e9\"", "-0", "0.5"}) {
        CHECK_MESSAGE(accepts(good), good);
    }
    for (const char* bad :
         {"",          "{",      "}",     "[1,]",      "{\"a\":1,}", "{a:1}", "01",  "1.",
          ".5",        "1e",     "-",     "+1",        "tru",        "nulll", "\"x", "\"\\x\"",
          "\"\\u12\"", "\"\n\"", "[1 2]", "{\"a\" 1}", "{\"a\":}",   "1 2",   "[}",  "\"\\"}) {
        CHECK_FALSE_MESSAGE(accepts(bad), bad);
    }
    CHECK_FALSE(accepts(std::string(1000, '[') + std::string(1000, ']')));
}

TEST_CASE("the cursor agrees with a full parser on damaged documents") {
    const std::string document =
        R"({"key":{"id":7},"n":[1,-2.5e3,"a\"b\u00e9"],"t":true,"f":false,"z":null,"o":{"x":{}}})";
    for (std::size_t cut = 0; cut < document.size(); ++cut) {
        CHECK_FALSE(accepts(document.substr(0, cut)));
    }
    std::mt19937 random{11};
    for (int i = 0; i < 20000; ++i) {
        std::string damaged = document;
        damaged[random() % damaged.size()] = static_cast<char>(' ' + random() % 95);
        // nlohmann also rejects what only a decoder of strings can see; ours accepts grammar.
        if (nlohmann::json::accept(damaged)) {
            CHECK_MESSAGE(accepts(damaged), damaged);
        } else if (damaged.find("\\u") == std::string::npos) {
            CHECK_FALSE_MESSAGE(accepts(damaged), damaged);
        }
    }
}

TEST_CASE("members and values are spans of the text") {
    JsonCursor cursor{R"({"a":1,"b\"c":[1,2]})"};
    REQUIRE(cursor.open('{'));
    CHECK(cursor.member_name() == "a");
    CHECK(cursor.value() == "1");
    REQUIRE(cursor.next('}'));
    CHECK(cursor.member_name() == "b\\\"c");
    CHECK(cursor.value() == "[1,2]");
    CHECK_FALSE(cursor.next('}'));
    CHECK(cursor.at_end());
    CHECK_FALSE(cursor.failed());
}
