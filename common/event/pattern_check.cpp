#include "event/pattern_check.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/near_names.hpp"

#include <algorithm>

#include <fnmatch.h>

namespace cdc::event {

using base::in_quotes;

namespace {

bool meets(const std::string& glob, const std::string& name) {
    return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

} // namespace

/// The name that the pattern was probably meant to meet, as a pattern.
std::string PatternCheck::near_table(const TablePattern& pattern) const {
    std::vector<std::string_view> schemas;
    std::vector<std::string_view> tables;
    for (const PresentTable& present : m_present) {
        schemas.push_back(present.schema);
        if (pattern.schema.empty() || meets(pattern.schema, present.schema)) {
            tables.push_back(present.table);
        }
    }
    if (tables.empty()) {
        const std::string schema = base::nearest(pattern.schema, schemas);
        return schema.empty() ? "" : schema + "." + pattern.table;
    }
    const std::string table = base::nearest(pattern.table, tables);
    return table.empty() || pattern.schema.empty() ? table : pattern.schema + "." + table;
}

void PatternCheck::table(std::string_view option, const TablePattern& pattern) {
    if (std::none_of(m_present.begin(), m_present.end(), [&](const PresentTable& present) {
            return pattern.matches(present.schema, present.table);
        })) {
        m_unmet.push_back({fmt::format("{} {} meets no table", option, in_quotes(pattern.text)),
                           near_table(pattern)});
    }
}

void PatternCheck::tables(std::string_view option, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        for (const TablePattern& pattern : parse_table_patterns(text)) {
            table(option, pattern);
        }
    }
}

void PatternCheck::column(std::string_view option, std::string_view text,
                          const std::vector<TablePattern>& tables, const std::string& glob) {
    for (const TablePattern& pattern : tables) {
        std::vector<std::string_view> columns;
        bool table_met = false;
        bool column_met = false;
        for (const PresentTable& present : m_present) {
            if (!pattern.matches(present.schema, present.table)) {
                continue;
            }
            table_met = true;
            column_met = column_met ||
                         std::any_of(present.columns.begin(), present.columns.end(),
                                     [&](const std::string& name) { return meets(glob, name); });
            columns.insert(columns.end(), present.columns.begin(), present.columns.end());
        }
        if (column_met) {
            continue;
        }
        const std::string near = table_met ? base::nearest(glob, columns) : near_table(pattern);
        m_unmet.push_back({fmt::format("{} {} meets no column", option, in_quotes(text)),
                           near.empty() ? ""
                           : table_met  ? pattern.text + "." + near
                                        : near + "." + glob});
    }
}

void PatternCheck::name(std::string_view option, std::string_view text, std::string_view what,
                        const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), text) == names.end()) {
        const std::vector<std::string_view> candidates(names.begin(), names.end());
        m_unmet.push_back({fmt::format("{} {} meets no {}", option, in_quotes(text), what),
                           base::nearest(text, candidates)});
    }
}

void PatternCheck::finish(bool allowed) const {
    const auto message = [this](const Unmet& unmet) {
        return fmt::format("{} of database {}", unmet.text, m_where);
    };
    const auto hint = [](const Unmet& unmet) {
        const std::string near =
            unmet.near.empty() ? "" : fmt::format("Did you mean {}? ", in_quotes(unmet.near));
        return near + "If it was dropped or renamed, or is still to come: --allow-no-match";
    };
    for (const Unmet& unmet : m_unmet) {
        if (allowed) {
            base::log::warning("{}", message(unmet));
        } else if (&unmet != &m_unmet.back()) {
            base::log::write_error(message(unmet), hint(unmet));
        } else {
            throw base::Error{base::ExitCode::usage, message(unmet), hint(unmet)};
        }
    }
}

} // namespace cdc::event
