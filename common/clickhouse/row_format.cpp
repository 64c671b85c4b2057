#include "clickhouse/row_format.hpp"

#include "base/base64.hpp"
#include "base/time.hpp"
#include "event/json_cursor.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace cdc::clickhouse {

namespace {

constexpr const char* kNoInteger = "is not an integer";
constexpr const char* kNoDecimal = "is not a decimal number";
constexpr const char* kNoDate = "is not a date between 1900-01-01 and 2299-12-31";
constexpr const char* kNoTime = "is not a date and time between 1900 and 2299";
constexpr const char* kNoString = "is not a string";
constexpr std::int64_t kFirstDay = -25567; // 1900-01-01
constexpr std::int64_t kLastDay = 120529;  // 2299-12-31

bool is_string(std::string_view json) {
    return json.size() >= 2 && json.front() == '"';
}

std::string_view inside(std::string_view json) {
    return json.substr(1, json.size() - 2);
}

/// The text of a JSON string without escapes, or of any other value. Every value but text is
/// written without escapes by the tools, so that one with escapes is simply not that value.
std::string_view plain_text(std::string_view json) {
    return is_string(json) ? inside(json) : json;
}

std::string& scratch() {
    static thread_local std::string text;
    text.clear();
    return text;
}

void append_varint(char*& out, std::size_t value) {
    while (value >= 0x80) {
        *out++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<char>(value);
}

template<typename T>
const char* append_integer(char*& out, std::string_view json, const char* out_of_range) {
    const std::string_view text = plain_text(json);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) {
        append_number(out, value);
        return nullptr;
    }
    if (text.empty() ||
        text.find_first_not_of("0123456789", text[0] == '-' ? 1 : 0) != std::string_view::npos) {
        return kNoInteger;
    }
    return text == "-" ? kNoInteger : out_of_range;
}

template<typename T>
const char* append_float(char*& out, std::string_view json) {
    const std::string_view text = plain_text(json);
    T value{};
    if (is_string(json)) {
        if (text == "NaN") {
            value = std::numeric_limits<T>::quiet_NaN();
        } else if (text == "Infinity") {
            value = std::numeric_limits<T>::infinity();
        } else if (text == "-Infinity") {
            value = -std::numeric_limits<T>::infinity();
        } else {
            return "is not a number";
        }
    } else {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc::result_out_of_range) {
            return "is out of the range of the column's float";
        }
        if (error != std::errc{} || end != text.data() + text.size()) {
            return "is not a number";
        }
    }
    append_number(out, value);
    return nullptr;
}

/// A number of up to 76 digits: four words, the least significant first.
using Wide = std::array<std::uint64_t, 4>;

void multiply_add(Wide& wide, std::uint64_t factor, std::uint64_t addend) {
    base::Uint128 carry = addend;
    for (std::uint64_t& word : wide) {
        carry += static_cast<base::Uint128>(word) * factor;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

void negate(Wide& wide) {
    base::Uint128 carry = 1;
    for (std::uint64_t& word : wide) {
        carry += ~word;
        word = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
}

int decimal_width(int precision) {
    return precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}

const char* append_decimal(char*& out, const Type& type, std::string_view json) {
    std::string_view text = plain_text(json);
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
        return "has no form as a Decimal";
    }
    const bool negative = !text.empty() && text.front() == '-';
    text.remove_prefix(negative ? 1 : 0);
    const std::size_t point = text.find('.');
    std::string_view whole = text.substr(0, point);
    std::string_view fraction =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    const bool digits_only = whole.find_first_not_of("0123456789") == std::string_view::npos &&
                             fraction.find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits_only || whole.empty() || (point != std::string_view::npos && fraction.empty())) {
        return kNoDecimal;
    }
    while (!whole.empty() && whole.front() == '0') {
        whole.remove_prefix(1);
    }
    if (static_cast<int>(whole.size()) > type.precision - type.scale) {
        return "has more digits before the point than the column's Decimal";
    }
    const auto scale = static_cast<std::size_t>(type.scale);
    if (fraction.size() > scale) {
        if (fraction.find_first_not_of('0', scale) != std::string_view::npos) {
            return "has more digits behind the point than the column's Decimal";
        }
        fraction = fraction.substr(0, scale);
    }
    Wide wide{};
    std::uint64_t chunk = 0;
    std::uint64_t factor = 1;
    const auto digit = [&](char c) {
        chunk = chunk * 10 + static_cast<std::uint64_t>(c - '0');
        factor *= 10;
        if (factor == 1'000'000'000'000'000'000U) {
            multiply_add(wide, factor, chunk);
            chunk = 0;
            factor = 1;
        }
    };
    for (const char c : whole) {
        digit(c);
    }
    for (const char c : fraction) {
        digit(c);
    }
    for (std::size_t i = fraction.size(); i < scale; ++i) {
        digit('0');
    }
    multiply_add(wide, factor, chunk);
    if (negative) {
        negate(wide);
    }
    const auto width = static_cast<std::size_t>(decimal_width(type.precision));
    std::memcpy(out, wide.data(), width);
    out += width;
    return nullptr;
}

bool read_digits(std::string_view text, std::size_t at, int count, unsigned& value) {
    value = 0;
    for (int i = 0; i < count; ++i) {
        const auto digit = static_cast<unsigned>(text[at + static_cast<std::size_t>(i)] - '0');
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    return true;
}

/// Days since 1970 of "YYYY-MM-DD" at the start of `text`; false outside 1900 to 2299.
bool read_date(std::string_view text, std::int64_t& days) {
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !read_digits(text, 0, 4, year) ||
        !read_digits(text, 5, 2, month) || !read_digits(text, 8, 2, day) ||
        !base::is_valid_civil(year, month, day)) {
        return false;
    }
    days = base::days_from_civil(year, month, day);
    return days >= kFirstDay && days <= kLastDay;
}

const char* append_date(char*& out, std::string_view json) {
    const std::string_view text = plain_text(json);
    std::int64_t days = 0;
    if (!is_string(json) || text.size() != 10 || !read_date(text, days)) {
        return kNoDate;
    }
    append_number(out, static_cast<std::int32_t>(days));
    return nullptr;
}

const char* append_datetime(char*& out, const Type& type, std::string_view json) {
    std::string_view text = plain_text(json);
    std::int64_t days = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    if (!is_string(json) || text.size() < 19 || !read_date(text, days) ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' ||
        !read_digits(text, 11, 2, hour) || !read_digits(text, 14, 2, minute) ||
        !read_digits(text, 17, 2, second) || hour > 23 || minute > 59 || second > 59) {
        return kNoTime;
    }
    text.remove_prefix(19);
    if (!text.empty() && text.back() == 'Z') {
        text.remove_suffix(1);
    }
    std::int64_t ticks = ((days * 24 + hour) * 60 + minute) * 60 + second;
    int digits = 0;
    if (!text.empty()) {
        if (text[0] != '.' || text.size() == 1) {
            return kNoTime;
        }
        for (const char c : text.substr(1)) {
            if (c < '0' || c > '9') {
                return kNoTime;
            }
            if (digits < type.scale) {
                ticks = ticks * 10 + (c - '0');
                ++digits;
            } else if (c != '0') {
                return "has more digits of a second than the column";
            }
        }
    }
    for (; digits < type.scale; ++digits) {
        ticks *= 10;
    }
    append_number(out, ticks);
    return nullptr;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

const char* append_uuid(char*& out, std::string_view json) {
    const std::string_view text = plain_text(json);
    constexpr const char* kNoUuid = "is not a uuid";
    if (text.size() != 36) {
        return kNoUuid;
    }
    std::uint64_t words[2] = {0, 0};
    int digits = 0;
    for (std::size_t i = 0; i < 36; ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') {
                return kNoUuid;
            }
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) {
            return kNoUuid;
        }
        std::uint64_t& word = words[digits++ / 16];
        word = word << 4 | static_cast<unsigned>(digit);
    }
    append_number(out, words[0]);
    append_number(out, words[1]);
    return nullptr;
}

const char* append_text(char*& out, const ColumnMapping& column, std::string_view json) {
    if (!is_string(json)) {
        if (column.only_strings) {
            return kNoString;
        }
        append_string(out, json);
        return nullptr;
    }
    const std::string_view text = inside(json);
    if (column.base64) {
        std::string& bytes = scratch();
        if (!base::append_base64_decoded(bytes, text)) {
            return "is not base64";
        }
        append_string(out, bytes);
        return nullptr;
    }
    if (std::memchr(text.data(), '\\', text.size()) == nullptr) {
        append_string(out, text);
        return nullptr;
    }
    std::string& unescaped = scratch();
    if (!event::append_json_unescaped(unescaped, text)) {
        return "has a broken escape";
    }
    append_string(out, unescaped);
    return nullptr;
}

const char* append_boolean(char*& out, std::string_view json) {
    if (json != "true" && json != "false") {
        return "is not true or false";
    }
    *out++ = json == "true" ? 1 : 0;
    return nullptr;
}

std::size_t fixed_width(const Type& type) {
    switch (type.kind) {
    case Kind::boolean:
    case Kind::int8:
    case Kind::uint8:
        return 1;
    case Kind::int16:
    case Kind::uint16:
        return 2;
    case Kind::int32:
    case Kind::uint32:
    case Kind::float32:
    case Kind::date32:
        return 4;
    case Kind::int64:
    case Kind::uint64:
    case Kind::float64:
    case Kind::datetime64:
        return 8;
    case Kind::uuid:
        return 16;
    case Kind::decimal:
        return static_cast<std::size_t>(decimal_width(type.precision));
    case Kind::string:
        break;
    }
    return 0;
}

const char* append_not_null(char*& out, const ColumnMapping& column, std::string_view json) {
    switch (column.type.kind) {
    case Kind::boolean:
        return append_boolean(out, json);
    case Kind::int8:
        return append_integer<std::int8_t>(out, json, "is out of the range of Int8");
    case Kind::int16:
        return append_integer<std::int16_t>(out, json, "is out of the range of Int16");
    case Kind::int32:
        return append_integer<std::int32_t>(out, json, "is out of the range of Int32");
    case Kind::int64:
        return append_integer<std::int64_t>(out, json, "is out of the range of Int64");
    case Kind::uint8:
        return append_integer<std::uint8_t>(out, json, "is out of the range of UInt8");
    case Kind::uint16:
        return append_integer<std::uint16_t>(out, json, "is out of the range of UInt16");
    case Kind::uint32:
        return append_integer<std::uint32_t>(out, json, "is out of the range of UInt32");
    case Kind::uint64:
        return append_integer<std::uint64_t>(out, json, "is out of the range of UInt64");
    case Kind::float32:
        return append_float<float>(out, json);
    case Kind::float64:
        return append_float<double>(out, json);
    case Kind::decimal:
        return append_decimal(out, column.type, json);
    case Kind::date32:
        return append_date(out, json);
    case Kind::datetime64:
        return append_datetime(out, column.type, json);
    case Kind::uuid:
        return append_uuid(out, json);
    case Kind::string:
        return append_text(out, column, json);
    }
    return "has an unknown type";
}

/// `{"bounds":"[0:1]","elements":[…]}`: an array whose indexes do not begin at 1. ClickHouse's do.
std::string_view without_bounds(std::string_view json) {
    event::JsonCursor cursor{json};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const bool elements = cursor.member_name() == "elements";
        const std::string_view value = cursor.value();
        if (elements) {
            return value;
        }
    }
    return {};
}

const char* append_array(char*& out, const ColumnMapping& column, std::string_view json) {
    if (json == "null") {
        append_varint(out, 0);
        return nullptr;
    }
    if (json.front() == '{') {
        json = without_bounds(json);
    }
    std::size_t count = 0;
    event::JsonCursor counter{json};
    for (bool more = counter.open('['); more; more = counter.next(']')) {
        counter.value();
        ++count;
    }
    if (counter.failed()) {
        return "is not an array";
    }
    append_varint(out, count);
    ColumnMapping element = column;
    element.type.array = false;
    event::JsonCursor cursor{json};
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        const std::string_view value = cursor.value();
        if (value.front() == '[') {
            return "has more dimensions than the column";
        }
        if (const char* wrong = append_value(out, element, value); wrong != nullptr) {
            return wrong;
        }
    }
    return nullptr;
}

} // namespace

std::size_t max_value_size(const Type& type, std::size_t json_size) {
    if (!type.array) {
        return max_value_size(json_size);
    }
    // An element has at least one byte and a comma.
    return 2 * json_size + (json_size / 2 + 1) * (fixed_width(type) + 1) + 48;
}

void append_string(char*& out, std::string_view text) {
    append_varint(out, text.size());
    std::memcpy(out, text.data(), text.size());
    out += text.size();
}

const char* append_value(char*& out, const ColumnMapping& column, std::string_view json) {
    if (column.type.array) {
        char* const start = out;
        const char* wrong = append_array(out, column, json);
        out = wrong != nullptr ? start : out;
        return wrong;
    }
    if (json == "null") {
        if (!column.type.nullable) {
            return "is NULL, and the column is not Nullable";
        }
        *out++ = 1;
        return nullptr;
    }
    char* const start = out;
    if (column.type.nullable) {
        *out++ = 0;
    }
    const char* wrong = append_not_null(out, column, json);
    if (wrong != nullptr) {
        out = start;
    }
    return wrong;
}

void append_default(char*& out, const Type& type) {
    if (type.array) {
        append_varint(out, 0);
        return;
    }
    if (type.nullable) {
        *out++ = 1;
        return;
    }
    const std::size_t width = type.kind == Kind::string ? 1 : fixed_width(type);
    std::memset(out, 0, width);
    out += width;
}

bool read_varint(const char*& at, const char* end, std::size_t& value) {
    value = 0;
    for (int shift = 0; at < end && shift < 63; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at++);
        value |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

const char* skip_value(const char* at, const char* end, const Type& type) {
    if (type.array) {
        std::size_t count = 0;
        if (!read_varint(at, end, count)) {
            return nullptr;
        }
        const Type element = type.element();
        for (; count > 0 && at != nullptr; --count) {
            at = skip_value(at, end, element);
        }
        return at;
    }
    if (type.nullable) {
        if (at == end) {
            return nullptr;
        }
        if (*at++ != 0) {
            return at;
        }
    }
    std::size_t size = fixed_width(type);
    if (type.kind == Kind::string && !read_varint(at, end, size)) {
        return nullptr;
    }
    return size <= static_cast<std::size_t>(end - at) ? at + size : nullptr;
}

} // namespace cdc::clickhouse
