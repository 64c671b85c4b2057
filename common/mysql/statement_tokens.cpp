#include "mysql/statement_tokens.hpp"

#include <algorithm>
#include <cctype>

namespace cdc::mysql {

namespace {

bool is_word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What a backslash and `c` stand for in a string. Those of LIKE's wildcards stay two.
void append_escaped(std::string& out, char c) {
    switch (c) {
    case 'n':
        out += '\n';
        return;
    case 't':
        out += '\t';
        return;
    case 'r':
        out += '\r';
        return;
    case 'b':
        out += '\b';
        return;
    case '0':
        out += '\0';
        return;
    case 'Z':
        out += '\x1a';
        return;
    case '%':
    case '_':
        out += '\\';
        break;
    default:
        break;
    }
    out += c;
}

class Tokenizer {
public:
    Tokenizer(std::string_view text, Quoting quoting, std::vector<Token>& out)
        : m_text{text}, m_quoting{quoting}, m_out{&out} {}

    bool run() {
        while (m_at < m_text.size()) {
            if (!step()) {
                return false;
            }
        }
        return true;
    }

private:
    bool starts(std::string_view what) const { return m_text.substr(m_at).starts_with(what); }

    bool step() {
        const char c = m_text[m_at];
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            ++m_at;
            return true;
        }
        if (starts("/*") || starts("*/")) {
            return comment();
        }
        if (c == '#' ||
            (starts("--") && (m_at + 2 == m_text.size() ||
                              std::isspace(static_cast<unsigned char>(m_text[m_at + 2])) != 0))) {
            m_at = std::min(m_text.find('\n', m_at), m_text.size());
            return true;
        }
        if (c == '`' || (c == '"' && m_quoting.ansi_quotes)) {
            return quoted(c, Token::Kind::quoted_name, false);
        }
        if (c == '\'' || c == '"') {
            return quoted(c, Token::Kind::string, !m_quoting.no_backslash_escapes);
        }
        if (is_word_byte(c)) {
            const std::size_t start = m_at;
            while (m_at < m_text.size() && is_word_byte(m_text[m_at])) {
                ++m_at;
            }
            const std::string_view word = m_text.substr(start, m_at - start);
            m_out->push_back(
                {is_digits(word) ? Token::Kind::number : Token::Kind::word, std::string{word}});
            return true;
        }
        m_out->push_back({Token::Kind::sign, std::string{c}});
        ++m_at;
        return true;
    }

    bool comment() {
        if (starts("*/")) { // of one whose inside was taken
            m_at += 2;
            return true;
        }
        if (starts("/*!") || starts("/*M!")) {
            m_at += m_text[m_at + 2] == 'M' ? 4 : 3;
            while (m_at < m_text.size() && m_text[m_at] >= '0' && m_text[m_at] <= '9') {
                ++m_at;
            }
            return true;
        }
        const std::size_t end = m_text.find("*/", m_at + 2);
        if (end == std::string_view::npos) {
            return false;
        }
        m_at = end + 2;
        return true;
    }

    bool quoted(char quote, Token::Kind kind, bool escapes) {
        Token token{kind, {}};
        for (++m_at; m_at < m_text.size(); ++m_at) {
            const char c = m_text[m_at];
            const char next = m_at + 1 < m_text.size() ? m_text[m_at + 1] : '\0';
            const bool last = m_at + 1 == m_text.size();
            if (!last && escapes && c == '\\') {
                append_escaped(token.text, next);
                ++m_at;
            } else if (!last && c == quote && next == quote) {
                token.text += next;
                ++m_at;
            } else if (c != quote) {
                token.text += c;
            } else {
                ++m_at;
                m_out->push_back(std::move(token));
                return true;
            }
        }
        return false;
    }

    std::string_view m_text;
    Quoting m_quoting;
    std::vector<Token>* m_out;
    std::size_t m_at = 0;
};

} // namespace

bool Token::is(std::string_view what) const {
    return (kind == Kind::word || kind == Kind::sign) && text.size() == what.size() &&
           std::equal(text.begin(), text.end(), what.begin(), [](char a, char b) {
               return std::toupper(static_cast<unsigned char>(a)) ==
                      std::toupper(static_cast<unsigned char>(b));
           });
}

Quoting Quoting::of_sql_mode(std::uint64_t mode) {
    constexpr std::uint64_t kAnsiQuotes = 0x4;
    constexpr std::uint64_t kNoBackslashEscapes = 0x100000;
    return {(mode & kAnsiQuotes) != 0, (mode & kNoBackslashEscapes) != 0};
}

bool tokenize(std::string_view text, Quoting quoting, std::vector<Token>& out) {
    return Tokenizer{text, quoting, out}.run();
}

} // namespace cdc::mysql
