#include "views/constant_texts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <regex>

namespace cdc::views {

namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    return begin == std::string_view::npos
               ? std::string_view{}
               : text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool matches(std::string_view text, const std::regex& pattern) {
    return std::regex_match(text.begin(), text.end(), pattern);
}

std::optional<int> digit_of(char c, int base) {
    int value = 0;
    const auto [end, error] = std::from_chars(&c, &c + 1, value, base);
    return error == std::errc{} && end == &c + 1 ? std::optional{value} : std::nullopt;
}

void append_byte(std::string& out, int byte) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    out += "\\x";
    out += kHex[static_cast<std::size_t>(byte) / 16];
    out += kHex[static_cast<std::size_t>(byte) % 16];
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i < digits.size();) {
        if (kSpaces.find(digits[i]) != std::string_view::npos) {
            ++i;
            continue;
        }
        const std::optional<int> high = digit_of(digits[i], 16);
        const std::optional<int> low =
            i + 1 < digits.size() ? digit_of(digits[i + 1], 16) : std::nullopt;
        if (!high || !low) {
            return std::nullopt;
        }
        append_byte(out, *high * 16 + *low);
        i += 2;
    }
    return out;
}

std::optional<std::string> bytes_of_escapes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '\\') {
            append_byte(out, static_cast<unsigned char>(text[i]));
            ++i;
        } else if (text.substr(i).starts_with("\\\\")) {
            append_byte(out, '\\');
            i += 2;
        } else {
            int byte = 0;
            const std::string_view octal = text.substr(i + 1, 3);
            const auto [end, error] =
                std::from_chars(octal.data(), octal.data() + octal.size(), byte, 8);
            if (octal.size() != 3 || error != std::errc{} || end != octal.data() + 3 || byte < 0 ||
                byte > 255) {
                return std::nullopt;
            }
            append_byte(out, byte);
            i += 4;
        }
    }
    return out;
}

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

struct Unit {
    std::string_view name;
    IntervalValue value;
};

constexpr std::array kUnits = std::to_array<Unit>({
    {"microsecond", {0, 0, 1}},
    {"us", {0, 0, 1}},
    {"usec", {0, 0, 1}},
    {"millisecond", {0, 0, 1000}},
    {"ms", {0, 0, 1000}},
    {"msec", {0, 0, 1000}},
    {"second", {0, 0, kSecond}},
    {"sec", {0, 0, kSecond}},
    {"s", {0, 0, kSecond}},
    {"minute", {0, 0, 60 * kSecond}},
    {"min", {0, 0, 60 * kSecond}},
    {"m", {0, 0, 60 * kSecond}},
    {"hour", {0, 0, 3600 * kSecond}},
    {"hr", {0, 0, 3600 * kSecond}},
    {"h", {0, 0, 3600 * kSecond}},
    {"day", {0, 1, 0}},
    {"d", {0, 1, 0}},
    {"week", {0, 7, 0}},
    {"w", {0, 7, 0}},
    {"month", {1, 0, 0}},
    {"mon", {1, 0, 0}},
    {"quarter", {3, 0, 0}},
    {"year", {12, 0, 0}},
    {"yr", {12, 0, 0}},
    {"y", {12, 0, 0}},
    {"decade", {120, 0, 0}},
    {"century", {1200, 0, 0}},
    {"centuries", {1200, 0, 0}},
});

const Unit* find_unit(std::string_view name) {
    for (const std::string_view wanted :
         {name, name.ends_with('s') ? name.substr(0, name.size() - 1) : name}) {
        const auto* const found = std::find_if(
            kUnits.begin(), kUnits.end(), [&](const Unit& unit) { return unit.name == wanted; });
        if (found != kUnits.end()) {
            return found;
        }
    }
    return nullptr;
}

/// `fraction` is of a million.
bool add(IntervalValue& sum, const Unit& unit, std::int64_t whole, std::int64_t fraction) {
    const IntervalValue& one = unit.value;
    if (one.months != 0 && fraction != 0) {
        return false;
    }
    sum.months += whole * one.months;
    sum.days += whole * one.days;
    sum.micros += whole * one.micros;
    const std::int64_t parts = fraction * one.days;
    sum.days += parts / kSecond;
    sum.micros += parts % kSecond * (kDay / kSecond) + fraction * one.micros / kSecond;
    return true;
}

std::int64_t number_in(const std::string& digits) {
    return digits.empty() ? 0 : std::stoll(digits);
}

std::int64_t millionths(std::string digits) {
    digits.resize(6, '0');
    return number_in(digits);
}

} // namespace

bool is_whole_text(std::string_view text) {
    static const std::regex kWhole{"[-+]?[0-9]+"};
    return matches(trimmed(text), kWhole);
}

std::optional<std::string> decimal_of_text(std::string_view text) {
    static const std::regex kNumber{"[-+]?0*([0-9]*)(\\.([0-9]*))?"};
    const std::string inner{trimmed(text)};
    std::smatch parts;
    if (!std::regex_match(inner, parts, kNumber) ||
        inner.find_first_of("0123456789") == std::string::npos) {
        return std::nullopt;
    }
    const auto scale = parts.length(3);
    const auto width = std::max<std::ptrdiff_t>(parts.length(1) + scale, 1);
    return width > 38 ? std::nullopt
                      : std::optional{"DECIMAL(" + std::to_string(width) + "," +
                                      std::to_string(scale) + ")"};
}

bool is_float_text(std::string_view text) {
    static const std::regex kNumber{
        "[-+]?(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(e[-+]?[0-9]+)?|inf|infinity)|nan", std::regex::icase};
    return matches(trimmed(text), kNumber);
}

/// PostgreSQL takes the beginnings of these words where they are unique.
std::optional<bool> flag_of_text(std::string_view text) {
    const std::string word = lower(trimmed(text));
    const auto begins = [&](std::string_view whole, std::size_t least = 1) {
        return word.size() >= least && whole.starts_with(word);
    };
    if (begins("true") || begins("yes") || begins("on", 2) || word == "1") {
        return true;
    }
    if (begins("false") || begins("no") || begins("off", 2) || word == "0") {
        return false;
    }
    return std::nullopt;
}

std::optional<std::string> bytes_of_text(std::string_view text) {
    return text.starts_with("\\x") ? bytes_of_hex(text.substr(2)) : bytes_of_escapes(text);
}

std::optional<duckdb::MomentKind> moment_kind(std::string_view type) {
    const bool zoned = type.ends_with("TIME ZONE") || type.ends_with("TZ");
    if (type == "DATE") {
        return duckdb::MomentKind::date;
    }
    if (type.starts_with("TIMESTAMP")) {
        return zoned ? duckdb::MomentKind::timestamp_of_zone : duckdb::MomentKind::timestamp;
    }
    if (type.starts_with("TIME")) {
        return zoned ? duckdb::MomentKind::time_of_zone : duckdb::MomentKind::time;
    }
    return std::nullopt;
}

std::optional<IntervalValue> interval_of_text(std::string_view text) {
    static const std::regex kPart{
        "\\s*(?:(-)?([0-9]{1,6}):([0-9]{1,2})(?::([0-9]{2})(?:\\.([0-9]{1,6}))?)?"
        "|(-)?([0-9]{1,9})(?:\\.([0-9]{1,6}))?\\s*([a-z]*))"};
    std::string rest = lower(trimmed(text));
    if (rest.starts_with("@ ")) {
        rest.erase(0, 2);
    }
    const bool ago = rest.ends_with(" ago");
    rest.resize(rest.size() - (ago ? 4 : 0));
    if (rest.empty()) {
        return std::nullopt;
    }
    const auto whole = static_cast<std::ptrdiff_t>(rest.size());
    IntervalValue sum;
    std::smatch part;
    while (!rest.empty()) {
        if (!std::regex_search(rest, part, kPart, std::regex_constants::match_continuous)) {
            return std::nullopt;
        }
        const std::int64_t sign = part[1].matched || part[6].matched ? -1 : 1;
        if (part[2].matched) {
            sum.micros +=
                sign * ((number_in(part[2]) * 3600 + number_in(part[3]) * 60 + number_in(part[4])) *
                            kSecond +
                        millionths(part[5]));
        } else {
            const bool alone = part.position(0) == 0 && part.length(0) == whole;
            const std::string name = part.length(9) == 0 && alone ? "second" : part[9].str();
            const Unit* unit = find_unit(name);
            if (unit == nullptr ||
                !add(sum, *unit, sign * number_in(part[7]), sign * millionths(part[8]))) {
                return std::nullopt;
            }
        }
        rest = std::string{part.suffix()};
    }
    return ago ? IntervalValue{-sum.months, -sum.days, -sum.micros} : sum;
}

bool compare_equal(const IntervalValue& left, const IntervalValue& right) {
    const std::int64_t days = (left.months - right.months) * 30 + left.days - right.days;
    const std::int64_t micros = right.micros - left.micros;
    return micros % kDay == 0 && days == micros / kDay;
}

} // namespace cdc::views
