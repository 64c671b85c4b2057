#include "mysql/json_binary.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "mysql/byte_reader.hpp"
#include "mysql/event_type.hpp"
#include "mysql/json_document.hpp"
#include "mysql/value.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kMaxDepth = 128; // the server allows 100

enum Type : std::uint8_t {
    kSmallObject = 0,
    kLargeObject = 1,
    kSmallArray = 2,
    kLargeArray = 3,
    kLiteral = 4,
    kInt16 = 5,
    kUint16 = 6,
    kInt32 = 7,
    kUint32 = 8,
    kInt64 = 9,
    kUint64 = 10,
    kDouble = 11,
    kString = 12,
    kOpaque = 15,
};

/// As the server's my_gcvt: shortest digits; in full where the point lies within 15 places of them,
/// or between them.
void append_json_double(std::string& out, double value) {
    if (!std::isfinite(value)) {
        fail(ExitCode::bad_data, "a number in JSON that is not finite");
    }
    char buffer[64];
    const auto scientific =
        std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
    const std::string_view text{buffer, static_cast<std::size_t>(scientific.ptr - buffer)};
    const std::size_t mark = text.find('e');
    const int exponent =
        *base::parse_integer<int>(text.substr(mark + (text[mark + 1] == '+' ? 2 : 1)));
    constexpr int kPlaces = 15;
    const auto point = text.substr(0, mark).find('.');
    const bool has_fraction = // behind the point of its full form
        point != std::string_view::npos && static_cast<int>(mark - point) - 1 > exponent;
    if (value == 0 || (exponent >= -kPlaces && (exponent < kPlaces || has_fraction))) {
        char fixed[64];
        const auto end =
            std::to_chars(fixed, fixed + sizeof(fixed), value, std::chars_format::fixed);
        const std::string_view plain{fixed, static_cast<std::size_t>(end.ptr - fixed)};
        out += plain;
        out += plain.find('.') == std::string_view::npos ? ".0" : "";
        return;
    }
    out += text.substr(0, mark);
    out += 'e';
    base::append_integer(out, exponent);
}

std::uint64_t read_length(ByteReader& reader) {
    std::uint64_t length = 0;
    for (unsigned i = 0; i < 5; ++i) {
        const std::uint8_t byte = reader.u8();
        length |= std::uint64_t{byte & 0x7fU} << (7 * i);
        if ((byte & 0x80) == 0) {
            return length;
        }
    }
    fail(ExitCode::bad_data, "a length in JSON of more than 5 bytes");
}

void append_opaque(std::string& out, std::string_view value) {
    ByteReader reader{value};
    const auto type = static_cast<ColumnType>(reader.u8());
    const std::string_view bytes = reader.bytes(read_length(reader));
    ByteReader packed{bytes};
    switch (type) {
    case ColumnType::newdecimal: {
        const std::uint8_t precision = packed.u8();
        const std::uint8_t scale = packed.u8();
        if (scale > precision) {
            fail(ExitCode::bad_data, "a decimal in JSON of {} digits, {} behind the point",
                 precision, scale);
        }
        append_decimal_text(out, packed.rest(), precision, scale);
        return;
    }
    case ColumnType::date:
    case ColumnType::datetime:
    case ColumnType::timestamp:
        out += '"';
        append_packed_datetime(out, packed.u64(), type == ColumnType::date);
        out += '"';
        return;
    case ColumnType::time:
        out += '"';
        append_packed_time(out, static_cast<std::int64_t>(packed.u64()));
        out += '"';
        return;
    default:
        out += "\"base64:type";
        base::append_integer(out, static_cast<unsigned>(type));
        out += ':';
        base::append_base64(out, bytes);
        out += '"';
        return;
    }
}

/// Bytes of a value that can stand in place of its offset; 0: it cannot.
unsigned inline_size(std::uint8_t type, bool large) {
    switch (type) {
    case kLiteral:
    case kInt16:
    case kUint16:
        return 2;
    case kInt32:
    case kUint32:
        return large ? 4 : 0;
    default:
        return 0;
    }
}

void append_scalar(std::string& out, std::uint8_t type, std::string_view value) {
    ByteReader reader{value};
    switch (type) {
    case kLiteral: {
        static constexpr std::string_view kLiterals[] = {"null", "true", "false"};
        const std::uint8_t literal = reader.u8();
        if (literal > 2) {
            fail(ExitCode::bad_data, "literal {} in JSON", literal);
        }
        out += kLiterals[literal];
        return;
    }
    case kInt16:
        base::append_integer(out, static_cast<std::int16_t>(reader.u16()));
        return;
    case kUint16:
        base::append_integer(out, reader.u16());
        return;
    case kInt32:
        base::append_integer(out, static_cast<std::int32_t>(reader.u32()));
        return;
    case kUint32:
        base::append_integer(out, reader.u32());
        return;
    case kInt64:
        base::append_integer(out, static_cast<std::int64_t>(reader.u64()));
        return;
    case kUint64:
        base::append_integer(out, reader.u64());
        return;
    case kDouble:
        append_json_double(out, std::bit_cast<double>(reader.u64()));
        return;
    case kString:
        event::append_json_string(out, reader.bytes(read_length(reader)));
        return;
    case kOpaque:
        append_opaque(out, value);
        return;
    default:
        fail(ExitCode::bad_data, "a value of unknown type {} in JSON", type);
    }
}

/// Walks a container and gives each element to `element(key, type, value)`.
template<typename Element>
void walk(std::uint8_t type, std::string_view value, Element element) {
    const bool large = type == kLargeObject || type == kLargeArray;
    const bool object = type == kSmallObject || type == kLargeObject;
    const unsigned width = large ? 4 : 2;
    ByteReader header{value};
    const std::uint64_t count = header.little(width);
    const std::uint64_t size = header.little(width);
    if (size > value.size()) {
        fail(ExitCode::bad_data, "an object or array in JSON that ends early");
    }
    const std::string_view whole = value.substr(0, static_cast<std::size_t>(size));
    ByteReader reader{whole};
    reader.skip(std::size_t{2} * width);
    ByteReader keys{object ? reader.bytes(std::size_t{count} * (width + 2)) : std::string_view{}};
    ByteReader values{reader.bytes(count * (width + 1))};
    const auto from = [&whole](std::uint64_t offset) {
        if (offset > whole.size()) {
            fail(ExitCode::bad_data, "an offset in JSON beyond its end");
        }
        return whole.substr(static_cast<std::size_t>(offset));
    };
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string_view key;
        if (object) {
            const std::uint64_t offset = keys.little(width);
            const std::uint16_t length = keys.u16();
            key = ByteReader{from(offset)}.bytes(length);
        }
        const std::uint8_t kind = values.u8();
        if (inline_size(kind, large) != 0) {
            element(key, kind, values.bytes(width));
        } else {
            element(key, kind, from(values.little(width)));
        }
    }
}

bool is_container(std::uint8_t type) {
    return type <= kLargeArray;
}

bool is_object(std::uint8_t type) {
    return type == kSmallObject || type == kLargeObject;
}

void append_any(std::string& out, std::uint8_t type, std::string_view value, int depth) {
    if (!is_container(type)) {
        append_scalar(out, type, value);
        return;
    }
    if (depth > kMaxDepth) {
        fail(ExitCode::bad_data, "JSON deeper than {}", kMaxDepth);
    }
    const bool object = is_object(type);
    out += object ? '{' : '[';
    bool first = true;
    walk(type, value, [&](std::string_view key, std::uint8_t kind, std::string_view element) {
        out += first ? "" : ", ";
        first = false;
        if (object) {
            event::append_json_string(out, key);
            out += ": ";
        }
        append_any(out, kind, element, depth + 1);
    });
    out += object ? '}' : ']';
}

JsonDocument to_document(std::uint8_t type, std::string_view value, int depth) {
    JsonDocument node;
    if (!is_container(type)) {
        append_scalar(node.scalar, type, value);
        return node;
    }
    if (depth > kMaxDepth) {
        fail(ExitCode::bad_data, "JSON deeper than {}", kMaxDepth);
    }
    node.kind = is_object(type) ? JsonDocument::Kind::object : JsonDocument::Kind::array;
    walk(type, value, [&](std::string_view key, std::uint8_t kind, std::string_view element) {
        node.elements.push_back({std::string{key}, to_document(kind, element, depth + 1)});
    });
    return node;
}

} // namespace

void append_json_text(std::string& out, std::string_view document) {
    if (document.empty()) {
        out += "null"; // what a server that is not strict stores for no value
        return;
    }
    append_any(out, static_cast<std::uint8_t>(document[0]), document.substr(1), 1);
}

JsonDocument parse_json_document(std::string_view document) {
    if (document.empty()) {
        JsonDocument node;
        node.scalar = "null";
        return node;
    }
    return to_document(static_cast<std::uint8_t>(document[0]), document.substr(1), 1);
}

} // namespace cdc::mysql
