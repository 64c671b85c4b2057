#include "record/proto_tokens.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <algorithm>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '+';
}

} // namespace

std::string_view ProtoTokens::take() {
    const std::string_view token = m_token;
    if (token.empty()) {
        fail(ExitCode::bad_data, "Protobuf schema: it ends early");
    }
    advance();
    return token;
}

bool ProtoTokens::accept(std::string_view token) {
    if (m_token != token) {
        return false;
    }
    advance();
    return true;
}

void ProtoTokens::expect(std::string_view token) {
    if (!accept(token)) {
        fail(ExitCode::bad_data, "Protobuf schema: {} where {} is expected", in_quotes(m_token),
             in_quotes(token));
    }
}

std::string_view ProtoTokens::take_name() {
    const std::string_view token = take();
    if (!is_word(token.front())) {
        fail(ExitCode::bad_data, "Protobuf schema: {} is no name", in_quotes(token));
    }
    return token;
}

std::int64_t ProtoTokens::take_number() {
    const std::string_view token = take();
    const bool hex = token.starts_with("0x");
    const auto number = hex ? base::parse_integer<std::int64_t>(token.substr(2), 16)
                            : base::parse_integer<std::int64_t>(token);
    if (!number) {
        fail(ExitCode::bad_data, "Protobuf schema: {} is no number", in_quotes(token));
    }
    return *number;
}

std::string_view ProtoTokens::take_text() {
    const std::string_view token = take();
    if (token.size() < 2 || (token[0] != '"' && token[0] != '\'') || token.back() != token[0]) {
        fail(ExitCode::bad_data, "Protobuf schema: {} is no text", in_quotes(token));
    }
    return token.substr(1, token.size() - 2);
}

void ProtoTokens::skip_statement() {
    int depth = 0;
    while (true) {
        const std::string_view token = take();
        if (token == "{") {
            ++depth;
        } else if (token == "}" && --depth <= 0) {
            accept(";");
            return;
        } else if (token == ";" && depth == 0) {
            return;
        }
    }
}

void ProtoTokens::skip_options() {
    int depth = accept("[") ? 1 : 0;
    while (depth > 0) {
        const std::string_view token = take();
        depth += token == "[" ? 1 : token == "]" ? -1 : 0;
    }
}

void ProtoTokens::advance() {
    skip_blanks();
    if (m_rest.empty()) {
        m_token = {};
        return;
    }
    std::size_t size = 1;
    if (m_rest[0] == '"' || m_rest[0] == '\'') {
        while (size < m_rest.size() && m_rest[size] != m_rest[0]) {
            size += m_rest[size] == '\\' ? 2 : 1;
        }
        size = std::min(size + 1, m_rest.size());
    } else if (is_word(m_rest[0])) {
        while (size < m_rest.size() && is_word(m_rest[size])) {
            ++size;
        }
    }
    m_token = m_rest.substr(0, size);
    m_rest.remove_prefix(size);
}

void ProtoTokens::skip_blanks() {
    while (!m_rest.empty()) {
        if (m_rest.starts_with("//")) {
            m_rest.remove_prefix(std::min(m_rest.find('\n'), m_rest.size()));
        } else if (m_rest.starts_with("/*")) {
            const auto end = m_rest.find("*/", 2);
            m_rest.remove_prefix(end == std::string_view::npos ? m_rest.size() : end + 2);
        } else if (static_cast<unsigned char>(m_rest[0]) <= ' ') {
            m_rest.remove_prefix(1);
        } else {
            return;
        }
    }
}

} // namespace cdc::record
