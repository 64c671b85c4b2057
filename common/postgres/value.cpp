#include "postgres/value.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/memory.hpp"
#include "event/json_writer.hpp"
#include "postgres/debezium_value.hpp"
#include "postgres/wrong_value.hpp"

#include <algorithm>

namespace cdc::postgres {

namespace {

constexpr std::string_view kHex = "\\x"; ///< in front of a bytea's digits
constexpr std::size_t kLarge = std::size_t{4} << 20;
/// Whole pages, nearly; hex digits whose base64 needs no padding.
constexpr std::size_t kPart = std::size_t{6} << 17;

// Ids of built-in types never change (pg_type.dat).
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kInt2 = 21;
constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kOid = 26;
constexpr std::uint32_t kXid = 28;
constexpr std::uint32_t kCid = 29;
constexpr std::uint32_t kFloat4 = 700;
constexpr std::uint32_t kFloat8 = 701;
constexpr std::uint32_t kMoney = 790;
constexpr std::uint32_t kTimestamp = 1114;
constexpr std::uint32_t kTimestamptz = 1184;
constexpr std::uint32_t kXid8 = 5069;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
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

void append_scalar(std::string& out, ValueCodec codec, std::string_view text) {
    switch (codec.kind) {
    case ValueKind::boolean:
        if (text != "t" && text != "f") {
            wrong_value("boolean", text);
        }
        out += text == "t" ? "true" : "false";
        return;
    case ValueKind::integer:
        if (!is_integer_text(text)) {
            wrong_value("integer", text);
        }
        event::append_json_integer_text(out, text);
        return;
    case ValueKind::real:
        if (!is_real_text(text)) {
            wrong_value("double precision", text);
        }
        event::append_json_float_text(out, text);
        return;
    case ValueKind::money:
        append_money(out, text);
        return;
    case ValueKind::bytes:
        out += '"';
        if (text.substr(0, kHex.size()) != kHex ||
            !base::append_base64_of_hex(out, text.substr(kHex.size()))) {
            wrong_value("bytea", text);
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
    default:
        append_debezium_value(out, codec, text);
        return;
    }
}

/// Takes an array's text apart (PostgreSQL documentation, "Array Input and Output Syntax"), as the
/// server writes it: `{1,NULL,"a\\"b"}`, without blanks, dimensions as arrays within arrays.
class ArrayText {
public:
    ArrayText(std::string_view text, ValueCodec codec) : m_text{text}, m_codec{codec} {}

    void append_to(std::string& out) {
        std::string_view bounds;
        if (m_text.substr(0, 1) == "[") {
            bounds = m_text.substr(0, m_text.find('='));
            m_at = bounds.size() + 1;
        }
        if (m_codec.encoding == Encoding::debezium) {
            bounds = {}; // Debezium has no place for them
        } else if (!bounds.empty()) {
            out += R"({"bounds":)";
            event::append_json_string(out, bounds);
            out += R"(,"elements":)";
        }
        append_dimension(out, 1);
        out += bounds.empty() ? "" : "}";
        if (m_at != m_text.size()) {
            wrong_array();
        }
    }

private:
    static constexpr int kMaxDimensions = 6; // MAXDIM of the server

    [[noreturn]] void wrong_array() const { wrong_value("array", m_text); }

    char next() {
        if (m_at >= m_text.size()) {
            wrong_array();
        }
        return m_text[m_at++];
    }

    void append_dimension(std::string& out, int dimension) {
        if (dimension > kMaxDimensions || next() != '{') {
            wrong_array();
        }
        out += '[';
        if (m_text.substr(m_at, 1) == "}") {
            ++m_at;
            out += ']';
            return;
        }
        while (true) {
            if (m_text.substr(m_at, 1) == "{") {
                append_dimension(out, dimension + 1);
            } else {
                append_element(out);
            }
            const char end = next();
            if (end == '}') {
                out += ']';
                return;
            }
            if (end != m_codec.delimiter) {
                wrong_array();
            }
            out += ',';
        }
    }

    void append_element(std::string& out) {
        if (m_text.substr(m_at, 1) == "\"") {
            ++m_at;
            append_scalar(out, m_codec, quoted());
            return;
        }
        const std::size_t start = m_at;
        while (m_at < m_text.size() && m_text[m_at] != m_codec.delimiter && m_text[m_at] != '}') {
            ++m_at;
        }
        const std::string_view element = m_text.substr(start, m_at - start);
        if (element.empty()) {
            wrong_array();
        } else if (element == "NULL") {
            out += "null";
        } else {
            append_scalar(out, m_codec, element);
        }
    }

    /// The text up to the closing quote, without its escapes; lives until the next call.
    std::string_view quoted() {
        const std::size_t start = m_at;
        char c = next();
        while (c != '"' && c != '\\') {
            c = next();
        }
        if (c == '"') {
            return m_text.substr(start, m_at - 1 - start);
        }
        static thread_local std::string unescaped; // kept from row to row
        unescaped.assign(m_text.substr(start, m_at - 1 - start));
        while (c != '"') {
            unescaped += c == '\\' ? next() : c;
            c = next();
        }
        return unescaped;
    }

    std::string_view m_text;
    ValueCodec m_codec;
    std::size_t m_at = 0;
};

} // namespace

ValueKind value_kind(std::uint32_t type) {
    switch (type) {
    case kBool:
        return ValueKind::boolean;
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kXid:
    case kCid:
    case kXid8:
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

bool is_real_text(std::string_view text) {
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
        return true;
    }
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

bool is_integer_text(std::string_view text) {
    const std::string_view digits = text.substr(!text.empty() && text[0] == '-' ? 1 : 0);
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit) &&
           (digits.size() == 1 || digits[0] != '0');
}

void append_value(std::string& out, ValueCodec codec, std::string_view text) {
    if (codec.is_array()) {
        ArrayText{text, codec}.append_to(out);
    } else {
        append_scalar(out, codec, text);
    }
}

void append_value_once(std::string& out, ValueCodec codec, std::string_view text) {
    const bool in_parts = codec.kind == ValueKind::text || codec.kind == ValueKind::bytes;
    if (text.size() < kLarge || !in_parts || codec.is_array()) {
        append_value(out, codec, text);
        return;
    }
    out += '"';
    if (codec.kind == ValueKind::bytes && text.substr(0, kHex.size()) != kHex) {
        wrong_value("bytea", text);
    }
    text.remove_prefix(codec.kind == ValueKind::bytes ? kHex.size() : 0);
    while (!text.empty()) {
        const std::string_view part = text.substr(0, kPart);
        if (codec.kind == ValueKind::text) {
            event::append_json_escaped(out, part);
        } else if (!base::append_base64_of_hex(out, part)) {
            wrong_value("bytea", part);
        }
        base::give_back(part);
        text.remove_prefix(part.size());
    }
    out += '"';
}

} // namespace cdc::postgres
