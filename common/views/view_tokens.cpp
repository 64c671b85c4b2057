#include "views/view_tokens.hpp"

#include "views/refused.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

bool begins_word(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           static_cast<unsigned char>(byte) >= 0x80;
}

bool continues_word(char byte) {
    return begins_word(byte) || (byte >= '0' && byte <= '9') || byte == '$';
}

bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

} // namespace

std::string Token::shown() const {
    return kind == Kind::end ? "the end of the file" : base::in_quotes(text);
}

TokenReader::TokenReader(std::string_view text, const std::string& file)
    : m_text{text}, m_file{file} {
    read_next();
}

Token TokenReader::take() {
    Token taken = std::move(m_next);
    read_next();
    return taken;
}

void TokenReader::expect(char symbol, const char* advice) {
    if (!m_next.is(symbol)) {
        fail(m_next, fmt::format("{} where '{}' is expected", m_next.shown(), symbol), advice);
    }
    read_next();
}

void TokenReader::expect_word(std::string_view word, const char* advice) {
    if (!m_next.is_word(word)) {
        fail(m_next, fmt::format("{} where '{}' is expected", m_next.shown(), word), advice);
    }
    read_next();
}

std::string TokenReader::expect_name(const char* what, const char* advice) {
    if (m_next.kind != Token::Kind::word && m_next.kind != Token::Kind::quoted) {
        fail(m_next, fmt::format("{} where {} is expected", m_next.shown(), what), advice);
    }
    return take().text;
}

std::string TokenReader::take_statement() {
    const std::size_t start = m_next.start;
    std::size_t end = start;
    std::string text{m_text.substr(start)};
    while (!m_next.is(';')) {
        if (m_next.kind == Token::Kind::end) {
            fail(m_next, "the statement does not end", "end each statement by ';'");
        }
        if (m_next.kind == Token::Kind::word) {
            text.replace(m_next.start - start, m_next.text.size(), m_next.text);
        }
        end = m_position;
        read_next();
    }
    read_next();
    text.resize(end - start);
    return text;
}

void TokenReader::fail(const Token& token, const std::string& construct,
                       const std::string& advice) const {
    throw Refused{m_file, token.line, construct, advice};
}

char TokenReader::at(std::size_t offset) const {
    return m_position + offset < m_text.size() ? m_text[m_position + offset] : '\0';
}

void TokenReader::step(std::size_t bytes) {
    const std::string_view passed = m_text.substr(m_position, bytes);
    m_line += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
    m_position += passed.size();
}

void TokenReader::skip_blanks() {
    while (m_position < m_text.size()) {
        if (is_blank(at(0))) {
            step(1);
        } else if (at(0) == '-' && at(1) == '-') {
            step(std::min(m_text.find('\n', m_position), m_text.size()) - m_position);
        } else if (at(0) == '/' && at(1) == '*') {
            skip_block_comment();
        } else {
            return;
        }
    }
}

void TokenReader::skip_block_comment() {
    const std::size_t line = m_line;
    std::size_t depth = 0;
    do {
        if (m_position >= m_text.size()) {
            throw Refused{m_file, line, "a comment does not end", "end it by */"};
        }
        if (at(0) == '/' && at(1) == '*') {
            ++depth;
            step(2);
        } else if (at(0) == '*' && at(1) == '/') {
            --depth;
            step(2);
        } else {
            step(1);
        }
    } while (depth > 0);
}

void TokenReader::read_next() {
    skip_blanks();
    m_next = Token{};
    m_next.start = m_position;
    m_next.line = m_line;
    if (m_position >= m_text.size()) {
        return;
    }
    const char first = at(0);
    if (begins_word(first)) {
        read_word();
    } else if (first == '"' || first == '\'') {
        read_quoted(first);
    } else if (at_dollar_quote()) {
        read_dollar_quoted();
    } else {
        m_next.kind = Token::Kind::symbol;
        m_next.text = first;
        step(1);
    }
}

void TokenReader::read_word() {
    m_next.kind = Token::Kind::word;
    while (continues_word(at(0))) {
        m_next.text += lower(at(0));
        step(1);
    }
    if (at(0) == '\'' && m_next.is_word("e")) {
        read_quoted('\'', true);
    }
}

/// A doubled quote stands for one.
void TokenReader::read_quoted(char quote, bool escapes) {
    m_next.text.clear();
    m_next.kind = quote == '"' ? Token::Kind::quoted : Token::Kind::string;
    for (step(1); at(0) != quote || at(1) == quote; step(1)) {
        if (m_position >= m_text.size()) {
            fail(m_next, fmt::format("a quote {} does not end", quote), "close it");
        }
        m_next.text += at(0);
        if (at(0) == quote || (escapes && at(0) == '\\')) {
            step(1);
        }
    }
    step(1);
}

bool TokenReader::at_dollar_quote() const {
    std::size_t end = 1;
    while (continues_word(at(end)) && at(end) != '$') {
        ++end;
    }
    return at(0) == '$' && at(end) == '$' && (end == 1 || begins_word(at(1)));
}

void TokenReader::read_dollar_quoted() {
    m_next.kind = Token::Kind::string;
    const std::size_t tag_end = m_text.find('$', m_position + 1) + 1;
    const std::string_view tag = m_text.substr(m_position, tag_end - m_position);
    const std::size_t end = m_text.find(tag, tag_end);
    if (end == std::string_view::npos) {
        fail(m_next, fmt::format("a quote {} does not end", tag), "close it");
    }
    m_next.text = m_text.substr(tag_end, end - tag_end);
    step(end + tag.size() - m_position);
}

} // namespace cdc::views
