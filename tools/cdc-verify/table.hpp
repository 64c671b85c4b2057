#ifndef CDC_VERIFY_TABLE_HPP
#define CDC_VERIFY_TABLE_HPP

#include "cdc-verify/column.hpp"
#include "clickhouse/layout.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::verify {

/// A table of the source and what the target holds of it.
struct Table {
    postgres::TableFacts facts;
    std::string target;                                 ///< name in `_cdc_state`
    std::shared_ptr<clickhouse::Layout> layout;         ///< what `names` points to
    clickhouse::Target names{""};                       ///< of all that stands in the target
    std::shared_ptr<const postgres::ColumnEdits> edits; ///< what the stream did to columns
    bool masked_key = false;               ///< the source cannot be asked for a row by its key
    std::vector<Column> columns;           ///< those compared
    std::vector<std::size_t> key;          ///< in `columns`; empty: rows are a multiset
    std::vector<std::string> not_compared; ///< source columns that the target does not have
    std::string where;                     ///< condition for both sides; "": none
    std::string stale;                     ///< the target knows that its rows differ

    /// As `_cdc_state` has them.
    void set_target(std::string_view target_name, std::string_view layout_json) {
        target = target_name;
        layout = std::make_shared<clickhouse::Layout>();
        names = clickhouse::stored_target(target, layout_json, *layout);
    }

    bool keyed() const { return !key.empty(); }
    std::string name() const { return facts.schema + "." + facts.table; }
};

} // namespace cdc::verify

#endif
