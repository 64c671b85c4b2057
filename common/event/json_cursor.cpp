#include "event/json_cursor.hpp"

#include "base/numbers.hpp"
#include "event/json_scan.hpp"

#include <cstring>
#include <optional>

namespace cdc::event {

namespace {

constexpr int kMaxDepth = 128;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::optional<unsigned> parse_hex4(std::string_view text) {
    if (text.size() < 4) {
        return std::nullopt;
    }
    return base::parse_integer<unsigned>(text.substr(0, 4), 16);
}

template<typename Out>
void append_utf8(Out& out, unsigned code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | code >> 6));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | code >> 12));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xf0 | code >> 18));
        out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
}

} // namespace

bool JsonCursor::fail(const char* what) {
    if (!m_failed) {
        m_failed = true;
        m_error = what;
    }
    return false;
}

char JsonCursor::peek() {
    while (m_at < m_end && (*m_at == ' ' || *m_at == '\t' || *m_at == '\n' || *m_at == '\r')) {
        ++m_at;
    }
    return m_at < m_end ? *m_at : '\0';
}

bool JsonCursor::accept(char c) {
    if (m_failed || peek() != c || m_at == m_end) {
        return false;
    }
    ++m_at;
    return true;
}

bool JsonCursor::consume(char expected) {
    if (accept(expected)) {
        return true;
    }
    switch (expected) {
    case ':':
        return fail("expected ':'");
    case '{':
        return fail("expected an object");
    case '[':
        return fail("expected an array");
    default:
        return fail("expected another character");
    }
}

bool JsonCursor::open(char bracket) {
    if (!consume(bracket)) {
        return false;
    }
    return !accept(bracket == '{' ? '}' : ']') && !m_failed;
}

bool JsonCursor::next(char closing) {
    if (m_failed) {
        return false;
    }
    if (accept(',')) {
        return true;
    }
    if (accept(closing)) {
        return false;
    }
    return fail("expected ',' or a closing bracket");
}

bool JsonCursor::scan_string() {
    ++m_at; // the opening quote
    while (true) {
        m_at = find_json_special(m_at, m_end);
        if (m_at == m_end) {
            return fail("string without an end");
        }
        if (*m_at == '"') {
            ++m_at;
            return true;
        }
        if (*m_at != '\\') {
            return fail("control character in a string");
        }
        if (m_end - m_at < 2) {
            return fail("string without an end");
        }
        const char escape = m_at[1];
        if (escape == 'u') {
            for (int i = 2; i < 6; ++i) {
                if (m_at + i >= m_end ||
                    std::strchr("0123456789abcdefABCDEF", m_at[i]) == nullptr || m_at[i] == '\0') {
                    return fail("broken \\u escape");
                }
            }
            m_at += 6;
        } else if (escape != '\0' && std::strchr("\"\\/bfnrt", escape) != nullptr) {
            m_at += 2;
        } else {
            return fail("unknown escape in a string");
        }
    }
}

std::string_view JsonCursor::string() {
    if (m_failed || peek() != '"') {
        fail("expected a string");
        return {};
    }
    const char* start = m_at + 1;
    if (!scan_string()) {
        return {};
    }
    return {start, static_cast<std::size_t>(m_at - 1 - start)};
}

std::string_view JsonCursor::member_name() {
    const std::string_view name = string();
    consume(':');
    return m_failed ? std::string_view{} : name;
}

bool JsonCursor::scan_number() {
    const char* at = m_at;
    const auto digits = [&] {
        const char* first = at;
        while (at < m_end && is_digit(*at)) {
            ++at;
        }
        return at > first;
    };
    if (*at == '-') {
        ++at;
    }
    const bool leading_zero = at < m_end && *at == '0';
    const char* first = at;
    bool good = digits() && !(leading_zero && at - first > 1);
    if (good && at < m_end && *at == '.') {
        ++at;
        good = digits();
    }
    if (good && at < m_end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at < m_end && (*at == '+' || *at == '-')) {
            ++at;
        }
        good = digits();
    }
    if (!good) {
        return fail("broken number");
    }
    m_at = at;
    return true;
}

bool JsonCursor::scan_literal(std::string_view word) {
    if (static_cast<std::size_t>(m_end - m_at) < word.size() ||
        std::memcmp(m_at, word.data(), word.size()) != 0) {
        return fail("unknown word");
    }
    m_at += word.size();
    return true;
}

bool JsonCursor::scan_value(int depth) {
    switch (peek()) {
    case '"':
        return scan_string();
    case 't':
        return scan_literal("true");
    case 'f':
        return scan_literal("false");
    case 'n':
        return scan_literal("null");
    case '{':
        if (depth == kMaxDepth) {
            return fail("nested too deeply");
        }
        for (bool more = open('{'); more; more = next('}')) {
            member_name();
            if (m_failed || !scan_value(depth + 1)) {
                return false;
            }
        }
        return !m_failed;
    case '[':
        if (depth == kMaxDepth) {
            return fail("nested too deeply");
        }
        for (bool more = open('['); more; more = next(']')) {
            if (!scan_value(depth + 1)) {
                return false;
            }
        }
        return !m_failed;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number();
    default:
        return fail("expected a value");
    }
}

std::string_view JsonCursor::value() {
    if (m_failed) {
        return {};
    }
    peek();
    const char* start = m_at;
    if (!scan_value(0)) {
        return {};
    }
    return {start, static_cast<std::size_t>(m_at - start)};
}

namespace {

/// Memory with room enough, to append to.
class Room {
public:
    explicit Room(char* at) : m_at{at} {}
    void push_back(char c) { *m_at++ = c; }
    void append(const char* bytes, std::size_t size) {
        std::memcpy(m_at, bytes, size);
        m_at += size;
    }
    char* end() const { return m_at; }

private:
    char* m_at;
};

template<typename Out>
bool unescape(Out& out, std::string_view inside) {
    while (true) {
        const void* found = std::memchr(inside.data(), '\\', inside.size());
        if (found == nullptr) {
            out.append(inside.data(), inside.size());
            return true;
        }
        const auto plain =
            static_cast<std::size_t>(static_cast<const char*>(found) - inside.data());
        out.append(inside.data(), plain);
        inside.remove_prefix(plain + 1);
        if (inside.empty()) {
            return false;
        }
        const char escape = inside[0];
        inside.remove_prefix(1);
        switch (escape) {
        case '"':
        case '\\':
        case '/':
            out.push_back(escape);
            break;
        case 'b':
            out.push_back('\b');
            break;
        case 'f':
            out.push_back('\f');
            break;
        case 'n':
            out.push_back('\n');
            break;
        case 'r':
            out.push_back('\r');
            break;
        case 't':
            out.push_back('\t');
            break;
        case 'u': {
            const auto high = parse_hex4(inside);
            if (!high) {
                return false;
            }
            inside.remove_prefix(4);
            unsigned code = *high;
            if (code >= 0xd800 && code < 0xe000) {
                if (code >= 0xdc00 || inside.substr(0, 2) != "\\u") {
                    return false;
                }
                const auto low = parse_hex4(inside.substr(2));
                if (!low || *low < 0xdc00 || *low > 0xdfff) {
                    return false;
                }
                inside.remove_prefix(6);
                code = 0x10000 + ((code - 0xd800) << 10) + (*low - 0xdc00);
            }
            append_utf8(out, code);
            break;
        }
        default:
            return false;
        }
    }
}

} // namespace

std::string_view json_member(std::string_view object, std::string_view name) {
    JsonCursor cursor{object};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const bool wanted = cursor.member_name() == name;
        const std::string_view value = cursor.value();
        if (wanted) {
            return value;
        }
    }
    return {};
}

bool append_json_unescaped(std::string& out, std::string_view inside) {
    return unescape(out, inside);
}

char* write_json_unescaped(char* to, std::string_view inside) {
    Room room{to};
    return unescape(room, inside) ? room.end() : nullptr;
}

} // namespace cdc::event
