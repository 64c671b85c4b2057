#include "event/table_filter.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstring>

#include <fnmatch.h>

namespace cdc::event {

using base::Error;
using base::ExitCode;
using base::in_quotes;

TableFilter::TableFilter(const std::vector<std::string>& tables,
                         const std::vector<std::string>& exclude) {
    for (const std::string& text : tables) {
        parse(text, m_tables);
    }
    for (const std::string& text : exclude) {
        parse(text, m_exclude);
    }
}

void TableFilter::parse(const std::string& text, std::vector<Pattern>& out) {
    const auto broken = [&](const char* what) {
        throw Error{ExitCode::usage, fmt::format("table pattern {}: {}", in_quotes(text), what),
                    R"(patterns look like 'public.*', 'orders' or 'public."odd.name"')"};
    };
    std::vector<std::string> parts(1);
    const auto end_pattern = [&] {
        if (parts.size() > 2) {
            broken("more than one dot; put a name with a dot in double quotes");
        }
        if (parts.back().empty() || parts.front().empty()) {
            broken("empty name");
        }
        out.push_back(parts.size() == 2 ? Pattern{parts[0], parts[1]} : Pattern{"", parts[0]});
        parts.assign(1, "");
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            bool closed = false;
            for (++i; i < text.size() && !closed; ++i) {
                if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
                    parts.back() += '"';
                    ++i;
                } else if (text[i] == '"') {
                    closed = true;
                } else {
                    if (std::strchr("*?[\\", text[i]) != nullptr) {
                        parts.back() += '\\';
                    }
                    parts.back() += text[i];
                }
            }
            if (!closed) {
                broken("no closing double quote");
            }
            --i;
        } else if (c == '.') {
            parts.emplace_back();
        } else if (c == ',') {
            end_pattern();
        } else {
            parts.back() += c;
        }
    }
    end_pattern();
}

bool TableFilter::any(const std::vector<Pattern>& patterns, std::string_view schema,
                      std::string_view table) {
    const std::string schema_text{schema};
    const std::string table_text{table};
    return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& p) {
        return (p.schema.empty() || ::fnmatch(p.schema.c_str(), schema_text.c_str(), 0) == 0) &&
               ::fnmatch(p.table.c_str(), table_text.c_str(), 0) == 0;
    });
}

bool TableFilter::matches(std::string_view schema, std::string_view table) const {
    return (m_tables.empty() || any(m_tables, schema, table)) && !any(m_exclude, schema, table);
}

} // namespace cdc::event
