#include "postgres/value.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "event/json_writer.hpp"

#include <algorithm>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

// Ids of built-in types never change (pg_type.dat).
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kInt2 = 21;
constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kOid = 26;
constexpr std::uint32_t kFloat4 = 700;
constexpr std::uint32_t kFloat8 = 701;
constexpr std::uint32_t kMoney = 790;
constexpr std::uint32_t kTimestamp = 1114;
constexpr std::uint32_t kTimestamptz = 1184;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_integer(std::string_view text) {
    const std::string_view digits = text.substr(!text.empty() && text[0] == '-' ? 1 : 0);
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit) &&
           (digits.size() == 1 || digits[0] != '0');
}

/// -?digits[.digits][e[+-]digits], as JSON has it and the server writes it.
bool is_finite_real(std::string_view text) {
    std::size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
    const auto digits = [&] {
        const std::size_t start = i;
        while (i < text.size() && is_digit(text[i])) {
            ++i;
        }
        return i > start;
    };
    const bool leading_zero = i + 1 < text.size() && text[i] == '0' && is_digit(text[i + 1]);
    if (leading_zero || !digits()) {
        return false;
    }
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (!digits()) {
            return false;
        }
    }
    if (i < text.size() && text[i] == 'e') {
        ++i;
        i += i < text.size() && (text[i] == '+' || text[i] == '-') ? 1 : 0;
        if (!digits()) {
            return false;
        }
    }
    return i == text.size();
}

[[noreturn]] void wrong(const char* type, std::string_view text) {
    fail(ExitCode::bad_data, "{} is not a value of type {}", in_quotes(text), type);
}

/// "-$1,234.56" to "-1234.56". Other locales write other forms: those stay as they are.
void append_money(std::string& out, std::string_view text) {
    std::string digits;
    std::string_view rest = text;
    if (!rest.empty() && rest[0] == '-') {
        digits += '-';
        rest.remove_prefix(1);
    }
    if (!rest.empty() && rest[0] == '$') {
        rest.remove_prefix(1);
    }
    const auto point = rest.size() < 3 ? std::string_view::npos : rest.size() - 3;
    bool usual = point != std::string_view::npos && point > 0 && rest[point] == '.';
    for (std::size_t i = 0; i < rest.size() && usual; ++i) {
        usual = i == point || is_digit(rest[i]) || (rest[i] == ',' && i < point);
        if (rest[i] != ',') {
            digits += rest[i];
        }
    }
    event::append_json_string(out, usual ? std::string_view{digits} : text);
}

/// "2025-07-21 10:00:00.5+00" to "2025-07-21T10:00:00.5Z"; infinity and BC stay as they are.
void append_timestamp(std::string& out, std::string_view text, bool zoned) {
    const auto blank = text.find(' ');
    const bool plain = blank != std::string_view::npos && text.back() != 'C' &&
                       (!zoned || (text.size() > 3 && text.substr(text.size() - 3) == "+00"));
    if (!plain) {
        event::append_json_string(out, text);
        return;
    }
    out += '"';
    event::append_json_escaped(out, text.substr(0, blank));
    out += 'T';
    event::append_json_escaped(out,
                               text.substr(blank + 1, text.size() - blank - 1 - (zoned ? 3 : 0)));
    out += zoned ? "Z\"" : "\"";
}

} // namespace

ValueKind value_kind(std::uint32_t type) {
    switch (type) {
    case kBool:
        return ValueKind::boolean;
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
        return ValueKind::integer;
    case kFloat4:
    case kFloat8:
        return ValueKind::real;
    case kMoney:
        return ValueKind::money;
    case kBytea:
        return ValueKind::bytes;
    case kTimestamp:
        return ValueKind::timestamp;
    case kTimestamptz:
        return ValueKind::timestamptz;
    default:
        return ValueKind::text;
    }
}

void append_value(std::string& out, ValueKind kind, std::string_view text) {
    switch (kind) {
    case ValueKind::boolean:
        if (text != "t" && text != "f") {
            wrong("boolean", text);
        }
        out += text == "t" ? "true" : "false";
        return;
    case ValueKind::integer:
        if (!is_integer(text)) {
            wrong("integer", text);
        }
        event::append_json_integer_text(out, text);
        return;
    case ValueKind::real:
        if (!is_finite_real(text) && text != "NaN" && text != "Infinity" && text != "-Infinity") {
            wrong("double precision", text);
        }
        event::append_json_float_text(out, text);
        return;
    case ValueKind::money:
        append_money(out, text);
        return;
    case ValueKind::bytes:
        out += '"';
        if (text.substr(0, 2) != "\\x" || !base::append_base64_of_hex(out, text.substr(2))) {
            wrong("bytea", text);
        }
        out += '"';
        return;
    case ValueKind::timestamp:
        append_timestamp(out, text, false);
        return;
    case ValueKind::timestamptz:
        append_timestamp(out, text, true);
        return;
    case ValueKind::text:
        event::append_json_string(out, text);
        return;
    }
}

} // namespace cdc::postgres
