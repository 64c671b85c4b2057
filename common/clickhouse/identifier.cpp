#include "clickhouse/identifier.hpp"

namespace cdc::clickhouse {

namespace {

std::string quote(std::string_view text, char quote_char) {
    std::string out{quote_char};
    for (const char c : text) {
        if (c == quote_char || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\0') {
            out += "\\0";
        } else {
            out += c;
        }
    }
    out += quote_char;
    return out;
}

} // namespace

std::string quote_identifier(std::string_view name) {
    return quote(name, '`');
}

std::string quote_if_needed(std::string_view name) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    const bool plain = !name.empty() && name.find_first_not_of(kPlain) == std::string_view::npos &&
                       (name.front() < '0' || name.front() > '9');
    return plain ? std::string{name} : quote_identifier(name);
}

std::string quote_string(std::string_view text) {
    return quote(text, '\'');
}

std::string unquote_identifier(std::string_view text) {
    if (text.size() < 2 || text.front() != '`' || text.back() != '`') {
        return std::string{text};
    }
    text = text.substr(1, text.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            constexpr std::string_view kLetters = "bfnrt0av";
            constexpr std::string_view kBytes{"\b\f\n\r\t\0\a\v", 8};
            const auto letter = kLetters.find(text[++i]);
            out += letter == std::string_view::npos ? text[i] : kBytes[letter];
            continue;
        }
        if (text[i] == '`' && i + 1 < text.size()) {
            ++i;
        }
        out += text[i];
    }
    return out;
}

} // namespace cdc::clickhouse
