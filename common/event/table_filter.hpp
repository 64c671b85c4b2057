#ifndef CDC_EVENT_TABLE_FILTER_HPP
#define CDC_EVENT_TABLE_FILTER_HPP

#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// One glob over `schema.table`.
struct TablePattern {
    std::string schema; ///< glob in which '\\' makes the next byte literal; empty: any
    std::string table;
    std::string text; ///< as the user gave it

    bool matches(std::string_view schema_name, std::string_view table_name) const;
};

/// The patterns of one text, which commas part. Throws Error (usage) on a broken one.
std::vector<TablePattern> parse_table_patterns(const std::string& text);

/// Shell globs (`*`, `?`, `[a-z]`) over `schema.table`, as given by --tables and --exclude.
/// A part in double quotes is taken literally ("" inside means one quote), so that a name with a
/// dot or a star can be given: `public."odd.name"`. A pattern without a dot means any schema.
/// Several patterns may stand in one text, separated by commas.
class TableFilter {
public:
    /// Throws Error (usage) on a broken pattern.
    TableFilter(const std::vector<std::string>& tables, const std::vector<std::string>& exclude);

    /// True when some --tables pattern matches (or there is none) and no --exclude pattern does.
    bool matches(std::string_view schema, std::string_view table) const;
    bool matches_all() const { return m_tables.empty() && m_exclude.empty(); }

private:
    std::vector<TablePattern> m_tables;
    std::vector<TablePattern> m_exclude;
};

} // namespace cdc::event

#endif
