#include "event/table_filter.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstring>

#include <fnmatch.h>

namespace cdc::event {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

void append(std::vector<TablePattern>& out, const std::string& text) {
    for (TablePattern& pattern : parse_table_patterns(text)) {
        out.push_back(std::move(pattern));
    }
}

bool any(const std::vector<TablePattern>& patterns, std::string_view schema,
         std::string_view table) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const TablePattern& pattern) { return pattern.matches(schema, table); });
}

} // namespace

bool TablePattern::matches(std::string_view schema_name, std::string_view table_name) const {
    return (schema.empty() ||
            ::fnmatch(schema.c_str(), std::string{schema_name}.c_str(), 0) == 0) &&
           ::fnmatch(table.c_str(), std::string{table_name}.c_str(), 0) == 0;
}

std::vector<TablePattern> parse_table_patterns(const std::string& text) {
    std::vector<TablePattern> out;
    const auto broken = [&](const char* what) {
        throw Error{ExitCode::usage, fmt::format("table pattern {}: {}", in_quotes(text), what),
                    R"(patterns look like 'public.*', 'orders' or 'public."odd.name"')"};
    };
    std::vector<std::string> parts(1);
    std::size_t begin = 0;
    const auto end_pattern = [&](std::size_t end) {
        if (parts.size() > 2) {
            broken("more than one dot; put a name with a dot in double quotes");
        }
        if (parts.back().empty() || parts.front().empty()) {
            broken("empty name");
        }
        const std::string given = text.substr(begin, end - begin);
        out.push_back(parts.size() == 2 ? TablePattern{parts[0], parts[1], given}
                                        : TablePattern{"", parts[0], given});
        parts.assign(1, "");
        begin = end + 1;
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
            end_pattern(i);
        } else {
            parts.back() += c;
        }
    }
    end_pattern(text.size());
    return out;
}

TableFilter::TableFilter(const std::vector<std::string>& tables,
                         const std::vector<std::string>& exclude) {
    for (const std::string& text : tables) {
        append(m_tables, text);
    }
    for (const std::string& text : exclude) {
        append(m_exclude, text);
    }
}

bool TableFilter::matches(std::string_view schema, std::string_view table) const {
    return (m_tables.empty() || any(m_tables, schema, table)) && !any(m_exclude, schema, table);
}

} // namespace cdc::event
