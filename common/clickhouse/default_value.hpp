#ifndef CDC_CLICKHOUSE_DEFAULT_VALUE_HPP
#define CDC_CLICKHOUSE_DEFAULT_VALUE_HPP

#include "clickhouse/schema.hpp"
#include "clickhouse/value_policy.hpp"

/// What rows have in a column that is younger than they are: the DEFAULT of a column that is added.
/// It is a value as any other, and never becomes another one unasked.
namespace cdc::clickhouse {

enum class DefaultFit {
    as_it_is,
    by_policy, ///< replaced, and counted
    unknown,   ///< no value of the column's type: the column becomes Nullable, its old rows NULL
};

/// Makes the column's default one that its type holds. Throws Error (bad_data), with the option
/// that decides, where there is none and no policy.
DefaultFit fit_default(TargetColumn& column, bool in_key, const ValuePolicy& policy,
                       ValueCounts& counts);

/// For a column that is made with its table, and has no older rows: a default that does not fit is
/// left out.
void leave_out_misfit(TargetColumn& column);

/// The column as one of which old rows have no known value.
void forget_default(TargetColumn& column);

} // namespace cdc::clickhouse

#endif
