#include "cli/config_file.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdc::cli {

namespace {

class Parser {
public:
    Parser(std::string_view text, const std::string& path) : m_text{text}, m_path{path} {}

    std::vector<ConfigEntry> run() {
        std::vector<ConfigEntry> entries;
        std::string section;
        for (skip_blank(true); !at_end(); skip_blank(true)) {
            if (take('[')) {
                if (peek() == '[') {
                    broken("arrays of tables have no meaning here");
                }
                section = name("a section");
                expect(']');
            } else {
                ConfigEntry entry;
                entry.section = section;
                entry.line = m_line;
                entry.name = name("an option");
                std::replace(entry.name.begin(), entry.name.end(), '_', '-');
                expect('=');
                skip_blank(false);
                values(entry);
                entries.push_back(std::move(entry));
            }
            skip_blank(false);
            if (!at_end() && !take('\n')) {
                broken("more than one value; put text into double quotes, and a list into []");
            }
        }
        return entries;
    }

private:
    bool at_end() const { return m_at == m_text.size(); }
    char peek() const { return at_end() ? '\0' : m_text[m_at]; }

    char next() {
        const char c = m_text[m_at++];
        m_line += c == '\n' ? 1 : 0;
        return c;
    }

    bool take(char wanted) {
        if (at_end() || peek() != wanted) {
            return false;
        }
        next();
        return true;
    }

    void expect(char wanted) {
        skip_blank(false);
        if (!take(wanted)) {
            broken(fmt::format("'{}' is missing", wanted));
        }
    }

    [[noreturn]] void broken(const std::string& what) const {
        throw base::Error{
            base::ExitCode::usage,
            fmt::format("configuration {}, line {}: {}", base::in_quotes(m_path), m_line, what),
            "lines are OPTION = VALUE, below [TOOL] those of one tool"};
    }

    void skip_blank(bool lines) {
        while (!at_end()) {
            const char c = peek();
            if (c == '#') {
                m_at = std::min(m_text.find('\n', m_at), m_text.size());
            } else if (c == ' ' || c == '\t' || c == '\r' || (lines && c == '\n')) {
                next();
            } else {
                return;
            }
        }
    }

    std::string word(std::string_view ends) {
        const auto size = std::min(m_text.substr(m_at).find_first_of(ends), m_text.size() - m_at);
        std::string out{m_text.substr(m_at, size)};
        m_at += size;
        return out;
    }

    std::string name(const char* what) {
        skip_blank(false);
        std::string out = peek() == '"' || peek() == '\'' ? string() : word(" \t\r\n=]#[\"',");
        if (out.empty()) {
            broken(fmt::format("the name of {} is missing", what));
        }
        return out;
    }

    std::string string() {
        const char quote = next();
        std::string out;
        while (!at_end() && peek() != quote) {
            if (peek() == '\n') {
                break;
            }
            char c = next();
            if (c == '\\' && quote == '"') {
                constexpr std::string_view kLetters = "ntrbf\"\\";
                constexpr std::string_view kBytes = "\n\t\r\b\f\"\\";
                const auto letter = at_end() ? std::string_view::npos : kLetters.find(peek());
                if (letter == std::string_view::npos) {
                    broken("an unknown escape in a string; 'single quotes' take all as it is");
                }
                next();
                c = kBytes[letter];
            }
            out += c;
        }
        if (!take(quote)) {
            broken("a string has no end");
        }
        return out;
    }

    std::string value() {
        if (peek() == '"' || peek() == '\'') {
            return string();
        }
        std::string out = word(" \t\r\n#,]");
        if (out.empty()) {
            broken("a value is missing");
        }
        return out;
    }

    void values(ConfigEntry& entry) {
        if (!take('[')) {
            entry.values.push_back(value());
            return;
        }
        for (skip_blank(true); !take(']'); skip_blank(true)) {
            if (at_end()) {
                broken("a list has no end");
            }
            entry.values.push_back(value());
            skip_blank(true);
            if (!take(',') && peek() != ']') {
                broken("a comma is missing in a list");
            }
        }
    }

    std::string_view m_text;
    const std::string& m_path;
    std::size_t m_at = 0;
    std::size_t m_line = 1;
};

} // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path) {
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (text.substr(0, kMark.size()) == kMark) {
        text.remove_prefix(kMark.size());
    }
    return Parser{text, path}.run();
}

} // namespace cdc::cli
