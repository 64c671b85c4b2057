#ifndef CDC_LOAD_STORED_TYPES_HPP
#define CDC_LOAD_STORED_TYPES_HPP

#include "cdc-load/table_loader.hpp"
#include "clickhouse/schema.hpp"
#include "clickhouse/state.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The types that a raw table's columns had when the loader last looked at them, the item 'types'
/// of
/// `_cdc_state`: they tell what somebody altered meanwhile.
namespace cdc::load {

/// {"comment":…,"columns":{"id":"Int32",…}}. The comment tells a table that was made anew, with
/// other types, from the one before (`--rebuild`, a remake). `shape` has the types behind all
/// statements.
std::string stored_types_json(std::string_view comment, const clickhouse::TargetShape& shape,
                              const std::vector<clickhouse::ExistingColumn>& existing,
                              const clickhouse::Layout& layout);

/// Which column of `shape`, the last one, was altered so that the engine changed values in it, as
/// the reason of a mark; "": none.
std::string altered_column(const clickhouse::TableState& state, std::string_view comment,
                           clickhouse::TargetShape shape,
                           const std::vector<clickhouse::ExistingColumn>& existing,
                           const clickhouse::Layout& layout);

/// A column that the target kept when the source dropped it; "": there is none. One that is in the
/// target and was not in the last shape may also be what another loader has just made, or one that
/// was killed before it remembered it.
std::string column_that_came_back(const SourceShape& from, const clickhouse::TableState& state,
                                  const std::vector<clickhouse::ExistingColumn>& existing,
                                  const clickhouse::TargetShape& shape);

} // namespace cdc::load

#endif
