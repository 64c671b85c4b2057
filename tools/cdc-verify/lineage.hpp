#ifndef CDC_VERIFY_LINEAGE_HPP
#define CDC_VERIFY_LINEAGE_HPP

#include "cdc-verify/source.hpp"
#include "clickhouse/target_state.hpp"
#include "event/order.hpp"

#include <functional>
#include <optional>
#include <string>

/// Whether the server that is asked is the one whose log fills the target, and not an earlier one.
namespace cdc::verify {

/// The highest order up to which the target was filled from this database, and by this slot ("":
/// any). Checkpoints of Kafka do not say which server their records are of: `with_kafka` counts
/// them. Nothing: by none.
std::optional<event::Order> highest_order(const clickhouse::TargetState& state,
                                          const Source& database, const std::string& slot,
                                          bool with_kafka);

/// The order up to which every slot that counts has filled the target; behind Kafka, what its
/// checkpoint says of all partitions. Nothing: it is not known.
std::optional<event::Order> loaded_order(const clickhouse::TargetState& state,
                                         const Source& database, const std::string& slot);

/// For comparing: `now` is the end of the source's log. Throws Error (refused) when the target
/// holds changes of a later timeline: the source was demoted, or is an old copy.
void refuse_older_timeline(const std::optional<event::Order>& loaded,
                           const std::optional<event::Order>& now);

/// For a repair, before anything is made on the server.
void refuse_repair_from_standby(bool standby);

/// For a repair. Throws Error (refused): "no repair from this source: WHY".
[[noreturn]] void refuse_repair(const std::string& why);

/// For a repair, which makes the target as the source is. Throws Error (refused) unless the target
/// was filled from this server, not beyond the end of its log; `text` spells a position.
void refuse_repair_beyond(const std::optional<event::Order>& loaded, LogPosition end,
                          const std::function<std::string(LogPosition)>& text);

} // namespace cdc::verify

#endif
