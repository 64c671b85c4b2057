#ifndef CDC_MYSQL_READ_RIGHTS_HPP
#define CDC_MYSQL_READ_RIGHTS_HPP

#include "event/table_filter.hpp"
#include "mysql/connection.hpp"
#include "mysql/server.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::mysql {

/// What the user may SELECT. The catalog shows no tables and columns but those; the log has all.
class ReadRights {
public:
    /// Adds a line of SHOW GRANTS; one that is not understood says nothing.
    void add(std::string_view grant);

    /// Nothing at all can be read: no snapshot is made with these rights.
    bool none() const { return m_none; }
    bool reads_all(const std::string& db) const;
    bool reads_all(const std::string& db, const std::string& table) const {
        return reads_all(db) || m_tables.contains({db, table});
    }

private:
    bool m_none = true;
    bool m_global = false;
    std::set<std::string> m_revoked;     ///< databases, of partial_revokes
    std::vector<std::string> m_patterns; ///< of databases
    std::set<std::pair<std::string, std::string>> m_tables;
};

/// Those of the user, and of the roles that it has now.
ReadRights read_rights(Connection& connection);

/// A warning where captured databases may have tables or columns that the user does not see.
std::vector<Finding> hidden_tables(Connection& connection, const std::string& database,
                                   const event::TableFilter& filter);

} // namespace cdc::mysql

#endif
