#ifndef CDC_SOURCE_TABLE_FACTS_HPP
#define CDC_SOURCE_TABLE_FACTS_HPP

#include "base/numbers.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What the catalog says of a table, for tools that read it whole.
namespace cdc::source {

struct FactColumn {
    std::string name;
    std::string type;          ///< full name; PostgreSQL: of the base type
    std::uint32_t type_id = 0; ///< PostgreSQL; of a domain: its base type's
    std::int32_t modifier = -1;
    std::uint32_t element_id = 0; ///< of an array: its elements' base type; 0: no array
    char delimiter = ',';         ///< between them
    bool is_enum = false;
    bool generated = false;
    bool in_identity = false; ///< part of the key that changes carry
    bool nullable = true;     ///< MySQL, as the next
    int key = 0;              ///< place in that key from 1; 0: not part of it
};

struct TableFacts {
    std::uint32_t id = 0; ///< PostgreSQL
    std::string schema;   ///< MySQL, MariaDB: the database
    std::string table;
    bool partitioned = false; ///< PostgreSQL: it cannot be read in physical ranges
    bool unlogged = false;    ///< PostgreSQL: changes of some of its rows are not in the log
    char identity = 'd';      ///< as pg_class.relreplident
    std::int64_t pages = 0;   ///< of its heap; 0 for a partitioned table
    std::int64_t rows = -1;   ///< the planner's estimate; -1: none
    /// MySQL: the integer column with which the key begins, by which the table is read in ranges,
    /// and its least and greatest value; "": there is none.
    std::string range_column;
    base::Int128 least = 0;
    base::Int128 greatest = 0;
    std::vector<FactColumn> columns;
};

} // namespace cdc::source

#endif
