#include "clickhouse/row_format.hpp"

#include "base/base64.hpp"
#include "clickhouse/json_text.hpp"
#include "clickhouse/number_format.hpp"
#include "clickhouse/time_format.hpp"
#include "event/json_cursor.hpp"

namespace cdc::clickhouse {

namespace {

std::size_t varint_size(std::size_t value) {
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) {
        ++size;
    }
    return size;
}

/// A text that `write` makes where it stands, behind its length: it returns where the text ends,
/// at most `bound` bytes further; nullptr: there is none, and `out` is as before.
template<typename Write>
bool append_made(char*& out, std::size_t bound, Write write) {
    const std::size_t room = varint_size(bound);
    char* const begin = out + room;
    const char* const end = write(begin);
    if (end == nullptr) {
        return false;
    }
    const auto size = static_cast<std::size_t>(end - begin);
    if (const std::size_t used = varint_size(size); used != room) {
        std::memmove(out + used, begin, size);
    }
    append_varint(out, size);
    out += size;
    return true;
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
            return "is not a string";
        }
        append_string(out, json);
        return nullptr;
    }
    const std::string_view text = inside(json);
    if (column.base64) {
        const auto decoded = [text](char* to) {
            return base::write_base64_decoded(to, text);
        };
        return append_made(out, base::base64_decoded_bound(text.size()), decoded) ? nullptr
                                                                                  : "is not base64";
    }
    if (std::memchr(text.data(), '\\', text.size()) == nullptr) {
        append_string(out, text);
        return nullptr;
    }
    const auto unescaped = [text](char* to) {
        return event::write_json_unescaped(to, text);
    };
    return append_made(out, text.size(), unescaped) ? nullptr : "has a broken escape";
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
        return decimal_width(type.precision);
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
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint16:
    case Kind::uint32:
    case Kind::uint64:
        return append_integer(out, column.type.kind, json);
    case Kind::float32:
        return append_float32(out, json);
    case Kind::float64:
        return append_float64(out, json);
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

const char* append_array(char*& out, const ColumnMapping& column, std::string_view json) {
    if (json == "null") {
        append_varint(out, 0);
        return nullptr;
    }
    json = array_elements(json);
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

std::string_view array_elements(std::string_view json) {
    if (!json.starts_with('{')) {
        return json;
    }
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

std::size_t max_value_size(const Type& type, std::size_t json_size) {
    if (!type.array) {
        return max_value_size(json_size);
    }
    // An element has at least one byte and a comma.
    return 2 * json_size + (json_size / 2 + 1) * (fixed_width(type) + 1) + 48;
}

void append_varint(char*& out, std::size_t value) {
    while (value >= 0x80) {
        *out++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<char>(value);
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