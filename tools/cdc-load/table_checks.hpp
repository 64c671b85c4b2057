#ifndef CDC_LOAD_TABLE_CHECKS_HPP
#define CDC_LOAD_TABLE_CHECKS_HPP

#include "cdc-load/catalog.hpp"
#include "cdc-load/table_loader.hpp"
#include "clickhouse/state.hpp"
#include "event/line_decoder.hpp"

/// Whether a table of the target is ours; all but the first throw Error (refused) where it is not.
namespace cdc::load {

/// The line. A change without an order, or of order 0, would be below all others: Error (bad_data).
const event::DecodedLine& check_order(const event::DecodedLine& line);

/// By `_cdc_state`: of the same source table, of the same mode and names.
void check_owner(const TableLoader& table, const clickhouse::TableState& state);

/// What a table was found to be and what `before` says of it belong together only where no other
/// loader has set it up since.
class SetUpMeanwhile : public base::Error {
public:
    using Error::Error;
};
/// To be called behind the look at the table, before a difference is taken for somebody's doing.
/// Throws SetUpMeanwhile.
void check_unmoved(clickhouse::Transport& transport, const clickhouse::Target& target,
                   const clickhouse::TableState& before, const FoundTable& found);

/// A table that is not there may be a detached one, which CREATE TABLE IF NOT EXISTS takes for one
/// that is.
void check_not_detached(clickhouse::Transport& transport, const std::string& name);

void check_engine(const FoundTable& found, const std::string& name, std::string_view wanted);

/// Of a table that somebody else made: without them a deleted row stays, and any version wins.
void check_arguments(const FoundTable& found, const clickhouse::Target& target,
                     const clickhouse::TargetShape& shape);

/// That it has the loader's own columns, of their types.
void check_own_columns(const std::vector<clickhouse::ExistingColumn>& existing,
                       const clickhouse::Target& target, const clickhouse::TargetShape& shape);

/// That no column of the rows is one that somebody made EPHEMERAL, which throws values away,
/// MATERIALIZED or ALIAS, which take none.
void check_takes_values(const std::vector<clickhouse::ExistingColumn>& existing,
                        const clickhouse::Target& target, const clickhouse::TargetShape& shape);

} // namespace cdc::load

#endif
