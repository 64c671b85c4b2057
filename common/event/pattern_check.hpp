#ifndef CDC_EVENT_PATTERN_CHECK_HPP
#define CDC_EVENT_PATTERN_CHECK_HPP

#include "event/table_filter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// A table that is there when a tool starts.
struct PresentTable {
    std::string schema;
    std::string table;
    std::vector<std::string> columns; ///< needed for patterns of columns only
};

/// Holds the patterns of the command line against the tables that are there. One that meets nothing
/// is a typo far more often than not, and loses or leaks data: it is refused, unless the user says
/// that it may be.
class PatternCheck {
public:
    /// `where`: of which database, for messages.
    PatternCheck(std::vector<PresentTable> present, std::string where)
        : m_present{std::move(present)}, m_where{std::move(where)} {}

    /// Patterns of TableFilter.
    void tables(std::string_view option, const std::vector<std::string>& texts);
    /// A glob over the columns of the tables that match `tables`; `text` is what the user gave.
    void column(std::string_view option, std::string_view text,
                const std::vector<TablePattern>& tables, const std::string& glob);
    /// A name that is meant literally; `what` it should be.
    void name(std::string_view option, std::string_view text, std::string_view what,
              const std::vector<std::string>& names);

    /// Throws Error (usage) for the last of the patterns that meet nothing, the others being
    /// logged; with `allowed` all are warnings.
    void finish(bool allowed) const;

private:
    struct Unmet {
        std::string text; ///< "--tables 'publik.*' meets no table"
        std::string near; ///< "" : no name is near
    };
    void table(std::string_view option, const TablePattern& pattern);
    std::string near_table(const TablePattern& pattern) const;

    std::vector<PresentTable> m_present;
    std::string m_where;
    std::vector<Unmet> m_unmet;
};

} // namespace cdc::event

#endif
