#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/terminal.hpp"
#include "base/time.hpp"

#include "support.hpp"

using namespace cdc;

TEST_CASE("integers are written as std::to_string writes them") {
    const auto check = [](auto value) {
        std::string out{"x"};
        base::append_integer(out, value);
        CHECK(out == "x" + std::to_string(value));
    };
    std::uint64_t power = 1;
    for (int digits = 0; digits < 20; ++digits, power *= 10) {
        for (const std::uint64_t value : {power - 1, power, power + 1, power * 9 + 7}) {
            check(value);
            check(static_cast<std::int64_t>(value));
            check(-static_cast<std::int64_t>(value >> 1));
            check(static_cast<std::int32_t>(value));
            check(static_cast<std::uint16_t>(value));
        }
    }
    check(std::numeric_limits<std::uint64_t>::max());
    check(std::numeric_limits<std::int64_t>::min());
    check(std::numeric_limits<std::int32_t>::min());
}

TEST_CASE("base64 encodes and decodes every length and every byte") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        std::string text;
        base::append_base64(text, bytes);
        CHECK(text.size() == (bytes.size() + 2) / 3 * 4);
        std::string back;
        REQUIRE(base::append_base64_decoded(back, text));
        CHECK(back == bytes);
        bytes += static_cast<char>(i * 7);
    }
}

TEST_CASE("base64 has the values of RFC 4648") {
    const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : cases) {
        std::string out;
        base::append_base64(out, bytes);
        CHECK(out == text);
    }
}

TEST_CASE("broken base64 and hex are refused and leave the output alone") {
    std::string out = "x";
    CHECK_FALSE(base::append_base64_decoded(out, "abc"));
    CHECK_FALSE(base::append_base64_decoded(out, "ab!="));
    CHECK_FALSE(base::append_base64_of_hex(out, "abc"));
    CHECK_FALSE(base::append_base64_of_hex(out, "zz"));
    CHECK(out == "x");
    CHECK(base::append_base64_of_hex(out, "deadBEEF"));
    CHECK(out == "x3q2+7w==");
}

TEST_CASE("civil dates go to days and back over ten thousand years") {
    for (std::int64_t day = base::days_from_civil(-200, 1, 1);
         day < base::days_from_civil(9999, 12, 31); day += 97) {
        const auto date = base::civil_from_days(day);
        CHECK(base::is_valid_civil(date.year, date.month, date.day));
        CHECK(base::days_from_civil(date.year, date.month, date.day) == day);
    }
    CHECK(base::days_from_civil(1970, 1, 1) == 0);
    CHECK(base::days_from_civil(2000, 3, 1) == 11017);
    CHECK_FALSE(base::is_valid_civil(2023, 2, 29));
    CHECK(base::is_valid_civil(2024, 2, 29));
    CHECK_FALSE(base::is_valid_civil(1900, 2, 29));
    CHECK_FALSE(base::is_valid_civil(2024, 257, 1)); // calendars have months and days of one byte
    CHECK_FALSE(base::is_valid_civil(2024, 1, 257));
    CHECK_FALSE(base::is_valid_civil(2024, 0, 1));
}

TEST_CASE("dates beyond the calendar's own years are PostgreSQL's") {
    CHECK(base::days_from_civil(5874897, 12, 31) == 2147483493 - 2440588); // its last date
    CHECK(base::civil_from_days(2147483493LL - 2440588).year == 5874897);
    CHECK(base::days_from_civil(-4713, 11, 24) == -2440588); // the first one
    CHECK(base::civil_from_days(-2440588).year == -4713);
    CHECK(base::civil_from_days(-2440588).month == 11);
    CHECK(base::civil_from_days(-2440588).day == 24);
    CHECK(base::format_utc_ms(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("sizes and durations are read with their units") {
    CHECK(base::parse_bytes("64MB") == 64U << 20);
    CHECK(base::parse_bytes("512k") == 512U << 10);
    CHECK(base::parse_bytes("10") == 10);
    CHECK_FALSE(base::parse_bytes("10 potatoes"));
    CHECK_FALSE(base::parse_bytes("99999999999G"));
    CHECK(base::parse_duration_ms("250ms") == 250);
    CHECK(base::parse_duration_ms("10") == 10000);
    CHECK(base::parse_duration_ms("5m") == 300000);
    CHECK_FALSE(base::parse_duration_ms("-1s"));
    CHECK_FALSE(base::parse_duration_ms(""));
}

TEST_CASE("text in messages is quoted, escaped and cut") {
    CHECK(base::in_quotes("a\tb") == "'a\\x09b'");
    CHECK(base::in_quotes(std::string(200, 'x'), 3) == "'xxx…'");
}

TEST_CASE("wide numbers have their decimal text") {
    CHECK(base::decimal_text(0) == "0");
    CHECK(base::decimal_text(~base::Uint128{0}) == "340282366920938463463374607431768211455");
}

TEST_CASE("a progress line is cut by characters, not inside one") {
    CHECK(cdc::base::cut_to_width("12345", 80) == "12345");
    CHECK(cdc::base::cut_to_width("12345", 3) == "123");
    CHECK(cdc::base::cut_to_width("Grüße", 3) == "Grü");
    CHECK(cdc::base::cut_to_width("", 3).empty());
}
