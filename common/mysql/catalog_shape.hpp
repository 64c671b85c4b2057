#ifndef CDC_MYSQL_CATALOG_SHAPE_HPP
#define CDC_MYSQL_CATALOG_SHAPE_HPP

#include "event/table_filter.hpp"
#include "mysql/connection.hpp"
#include "mysql/table_map.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// Of what the catalog says of a table.
struct Fingerprint {
    std::string text;    ///< of all, with the second in which the table was made or altered last
    std::string untimed; ///< of its columns and key alone
    bool timed = false;  ///< whether the server said that second
    bool young = false;  ///< that second may not be over: what is altered in it looks the same

    /// False: the table was altered, or is another table under this name. Where the server lacks
    /// the time of one, columns and key are compared alone.
    bool same(const Fingerprint& other) const {
        return timed && other.timed ? text == other.text : untimed == other.untimed;
    }
};

/// A base table as information_schema has it, in the form that the log gives it: a snapshot's lines
/// describe it as those of the stream do.
struct CatalogTable {
    TableMap map;
    std::string engine;
    double rows = 0; ///< the server's estimate
    Fingerprint fingerprint;

    std::string display_name() const { return map.db + "." + map.table; }
};

/// Tables of users that `filter` takes, by database and name. `database`: the only one that is
/// looked at; "": all. Throws Error (bad_data) for a column of a type that is not known.
std::vector<CatalogTable> read_tables(Connection& connection, const std::string& database,
                                      const event::TableFilter& filter);
/// Nothing: there is no such table.
std::optional<CatalogTable> read_table(Connection& connection, const std::string& database,
                                       const std::string& table);

/// What takes the place of a primary key where there is none.
struct PromotedKeys {
    /// The columns of the first unique index, as the server has them in order, whose columns are
    /// neither nullable nor virtual and indexed whole: the log has them for the primary key.
    std::vector<std::string> of_log;
    /// MariaDB: the same of an index on the hash of long texts, which the log does not have. With
    /// the engine MEMORY any index is of this type.
    std::vector<std::string> of_long_texts;
};
/// Those of the table as it is now; none: there is no such table.
PromotedKeys promoted_keys(Connection& connection, const std::string& db, const std::string& table);

/// The labels of "enum('a','it''s')" or of a set: a quote is doubled, some characters stand behind
/// a backslash. Throws Error (bad_data).
std::vector<std::string> labels_of_type(std::string_view type);

} // namespace cdc::mysql

#endif
