#ifndef CDC_VIEWS_FIXED_HPP
#define CDC_VIEWS_FIXED_HPP

#include "views/tree.hpp"

#include <set>
#include <string>
#include <vector>

namespace cdc::views {

/// Expressions of a bound SELECT of which two rows that are compared have the same values.
class Fixed {
public:
    bool holds(const Json& expression) const;
    /// False: it held before.
    bool add(const Json& expression);

    /// The whole row of a FROM item.
    bool has_row(const std::string& alias) const { return m_rows.contains(alias); }
    bool add_row(const std::string& alias) { return m_rows.insert(alias).second; }

    const std::vector<Json>& given() const { return m_given; }

private:
    std::vector<Json> m_given;
    std::set<std::string> m_rows; ///< aliases
};

} // namespace cdc::views

#endif
