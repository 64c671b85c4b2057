#ifndef CDC_VERIFY_TABLE_HPP
#define CDC_VERIFY_TABLE_HPP

#include "cdc-verify/column.hpp"

#include <string>
#include <vector>

namespace cdc::verify {

/// A table of the source and what the target holds of it.
struct Table {
    postgres::TableFacts facts;
    std::string target;                    ///< name in ClickHouse, without "_raw"
    std::vector<Column> columns;           ///< those compared
    std::vector<std::size_t> key;          ///< in `columns`; empty: rows are a multiset
    std::vector<std::string> not_compared; ///< source columns that the target does not have
    std::string where;                     ///< condition for both sides; "": none
    std::string stale;                     ///< the target knows that its rows differ

    bool keyed() const { return !key.empty(); }
    std::string name() const { return facts.schema + "." + facts.table; }
};

} // namespace cdc::verify

#endif
