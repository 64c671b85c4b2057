#ifndef CDC_LOAD_TABLE_CHECKS_HPP
#define CDC_LOAD_TABLE_CHECKS_HPP

#include "cdc-load/catalog.hpp"
#include "cdc-load/table_loader.hpp"
#include "clickhouse/state.hpp"

/// Whether a table of the target is ours; all throw Error (refused) where it is not.
namespace cdc::load {

/// By `_cdc_state`: of the same source table, of the same mode and names.
void check_owner(const TableLoader& table, const clickhouse::TableState& state);

void check_engine(const FoundTable& found, const std::string& name, std::string_view wanted);

/// Of a table that somebody else made: without them a deleted row stays, and any version wins.
void check_arguments(const FoundTable& found, const clickhouse::Target& target,
                     const clickhouse::TargetShape& shape);

} // namespace cdc::load

#endif
