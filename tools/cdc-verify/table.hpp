#ifndef CDC_VERIFY_TABLE_HPP
#define CDC_VERIFY_TABLE_HPP

#include "cdc-verify/column.hpp"
#include "clickhouse/layout.hpp"
#include "source/table_facts.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::verify {

/// A column of the source that is not compared, and why.
struct NotCompared {
    std::string name;
    std::string why;
};

/// A table of the source and what the target holds of it.
struct Table {
    source::TableFacts facts;
    std::string target;                              ///< name in `_cdc_state`
    std::shared_ptr<clickhouse::Layout> layout;      ///< what `names` points to
    clickhouse::Target names{""};                    ///< of all that stands in the target
    std::shared_ptr<const event::ColumnEdits> edits; ///< what the stream did to columns
    /// Of --table: any table of the target, as SQL behind FROM. "": one that cdc-load fills.
    std::string any_table;
    bool has_view = true;         ///< cdc-load's view is there, and its rows are those compared
    bool has_position = true;     ///< something says how far the target has got in the log
    bool masked_key = false;      ///< the source cannot be asked for a row by its key
    std::vector<Column> columns;  ///< those compared
    std::vector<std::size_t> key; ///< in `columns`; empty: rows are a multiset
    std::vector<NotCompared> not_compared; ///< that could not be
    std::vector<std::string> left_out;     ///< by the user
    std::vector<std::string> generated;    ///< computed from others in the source; not streamed
    std::vector<std::string> target_only;  ///< columns that the source does not have
    bool edited = false;                   ///< masks and columns left out change what is compared
    std::string where;                     ///< condition for both sides; "": none

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
