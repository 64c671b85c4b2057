#ifndef CDC_VERIFY_POSTGRES_LINEAGE_HPP
#define CDC_VERIFY_POSTGRES_LINEAGE_HPP

#include "cdc-verify/sides.hpp"
#include "event/order.hpp"
#include "postgres/timeline.hpp"

#include <optional>

namespace cdc::verify {

/// For a repair, which makes the target as the source is. Throws Error (refused) unless the target
/// was filled from this server's own history, not beyond the end of its log, and the server is
/// nobody's standby.
void refuse_repair_from(const std::optional<event::Order>& loaded,
                        const postgres::Timelines& timelines, LogPosition end, bool standby);

} // namespace cdc::verify

#endif
