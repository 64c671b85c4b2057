#ifndef CDC_TRANSFORM_FROZEN_HPP
#define CDC_TRANSFORM_FROZEN_HPP

#include "views/bind.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::transform {

/// A column that KEEP names.
struct KeptColumn {
    std::string relation; ///< stored name of its table
    std::string column;
    std::string type; ///< DATE, TIMESTAMP or TIMESTAMPTZ
    std::string interval;
};

/// Of a FREEZE view: the column of its KEY or PARTITION that tells how old the table's rows behind
/// a row of the view may be. It is the column that KEEP names, or that one cut down to a day, month
/// and so on, so that no row behind it is older.
struct FrozenBy {
    std::string column; ///< of the view
    KeptColumn kept;

    /// SQL: whether the value is older than KEEP lets rows be at a cut of this commit time.
    std::string is_old(const std::string& value, std::int64_t commit_ts_ms) const;
};

/// nullopt for a view without FREEZE. Throws views::Refused where no column tells.
std::optional<FrozenBy> frozen_by(const views::BoundView& view,
                                  const std::vector<KeptColumn>& kept);

} // namespace cdc::transform

#endif
