#ifndef CDC_POSTGRES_ROW_LOOKUP_HPP
#define CDC_POSTGRES_ROW_LOOKUP_HPP

#include "postgres/connection.hpp"
#include "postgres/relation.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

/// How one row of a table is found by its key, whatever the key's types are: each column is
/// compared by the operator of its index's operator class, which may live in any schema, with a
/// parameter whose type is told by number. A type without such an operator is compared by its text.
class RowLookup {
public:
    RowLookup() = default;
    /// Asks the catalog. Throws ServerError; (refused) where row security would hide rows of the
    /// table from the session's role.
    RowLookup(Connection& connection, std::uint32_t table,
              const std::vector<SourceLookup::Condition>& key);

    /// Whether the statement is one for this table and key.
    bool is_for(std::uint32_t table, const std::vector<SourceLookup::Condition>& key) const;
    /// False: there is no such table, or it lacks a column of the key.
    bool possible() const { return !m_from.empty(); }
    /// "schema.table", quoted.
    const std::string& table() const { return m_name; }
    /// Selects the number of the table that has this name now, then `columns`.
    std::string sql(const Connection& connection,
                    const std::vector<std::string_view>& columns) const;
    /// Of the parameters, which are the texts of the key.
    const std::vector<std::uint32_t>& types() const { return m_types; }

private:
    std::uint32_t m_table = 0;
    std::vector<std::string> m_key;
    std::string m_name;
    std::string m_from;
    std::string m_where;
    std::string m_number; ///< a subquery
    std::vector<std::uint32_t> m_types;
};

} // namespace cdc::postgres

#endif
