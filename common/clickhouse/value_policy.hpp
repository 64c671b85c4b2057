#ifndef CDC_CLICKHOUSE_VALUE_POLICY_HPP
#define CDC_CLICKHOUSE_VALUE_POLICY_HPP

#include "clickhouse/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What becomes of a value that is right at the source and has no form in its column.
namespace cdc::clickhouse {

enum class Misfit {
    fail,
    null,  ///< NULL; the type's zero where the column is not Nullable
    clamp, ///< the nearest value that the column can hold
};

/// Of NULL for a column that is not Nullable, and no part of the key.
enum class NullPolicy {
    widen, ///< the column becomes Nullable
    fail,
    zero, ///< the type's zero
};

struct ValuePolicy {
    Misfit dates = Misfit::fail;   ///< before 1900, after 2299, infinite, zero, not in the calendar
    Misfit numbers = Misfit::fail; ///< too large, infinite, NaN in a Decimal
    NullPolicy nulls = NullPolicy::widen;
};

/// How often a policy decided.
struct ValueCounts {
    std::uint64_t dates = 0;
    std::uint64_t numbers = 0;
    std::uint64_t nulls = 0;
    std::uint64_t all() const { return dates + numbers + nulls; }
};

/// For a value that append_value() refused: appends what the policy wants instead, counts it, and
/// gives true; false when the value stays an error (also one that is no date or number at all).
bool append_by_policy(char*& out, const ColumnMapping& column, std::string_view json,
                      const ValuePolicy& policy, ValueCounts& counts);

/// The same as JSON text: "null" also where the column's zero is meant. Nothing when the value
/// stays an error.
std::optional<std::string> json_by_policy(const ColumnMapping& column, std::string_view json,
                                          const ValuePolicy& policy, ValueCounts& counts);

/// The option that decides about a value that append_value() refused: "--on-bad-date",
/// "--on-overflow"; "": none does.
std::string_view policy_option(const ColumnMapping& column, std::string_view json);

} // namespace cdc::clickhouse

#endif
