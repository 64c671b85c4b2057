#ifndef CDC_EVENT_CHECKPOINT_HPP
#define CDC_EVENT_CHECKPOINT_HPP

#include "event/order.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::event {

/// Of MySQL and MariaDB, where no slot tells it.
constexpr const char* kBesideMember = "beside";

/// "Everything before this line is complete." The same line is what a checkpoint file holds:
///
///     {"checkpoint":{"v":1,"kind":"postgres","server":"7312…","database":"inventory",
///      "slot":"orders","position":"0/16B3748","order":"0001…","commit_ts_ms":1763709000000,
///      "snapshot":null},"ts_ms":1763709000123}
///
/// Behind cdc-transform --input NAME=… a line says which input it came through, as a member
/// `"input":"NAME"`. It tells sinks the file that the line belongs to, and is no part of the
/// source's position.
///
/// Files of every older version stay readable; members that we do not know are kept.
struct Checkpoint {
    static constexpr int kVersion = 1; ///< of the format; do not renumber

    std::string kind;     ///< "postgres", "mysql", "mariadb" or "kafka"
    std::string server;   ///< PostgreSQL: the system identifier
    std::string database; ///< PostgreSQL: the database of the slot
    std::string slot;
    std::string position; ///< where to go on; PostgreSQL: LSN as "X/X"
    Order order;          ///< of `position`, with index 0: every earlier change is below it
    std::int64_t commit_ts_ms = 0; ///< of the last commit before it; 0: none seen yet
    nlohmann::ordered_json
        snapshot;           ///< null, "done", or what an unfinished snapshot needs to go on
    std::int64_t ts_ms = 0; ///< when the line was made
    nlohmann::ordered_json extra = nlohmann::ordered_json::object(); ///< members we do not know

    /// Of a snapshot beside a stream: it says how far that reading came, and no stream goes on from
    /// it.
    bool beside_stream() const {
        return (kind == "postgres" && slot.empty()) || extra.contains(kBesideMember);
    }

    /// One line without '\n'.
    std::string encode() const;
    /// The line's member `checkpoint`.
    nlohmann::ordered_json members() const;
};

/// Throws Error (bad_data) naming what is missing or of a newer version; `where` is the start of
/// the message, such as "checkpoint file 'state/orders.json'".
Checkpoint parse_checkpoint(std::string_view line, std::string_view where);

/// Whether it is a checkpoint of Kafka that has not all partitions of its topics: other readers of
/// the group have the rest. The target's `_cdc_state` keeps the one that is farthest of theirs.
bool has_some_partitions(const Checkpoint& checkpoint);

/// The input of cdc-transform that the line came through; "": none.
std::string input_of_checkpoint(std::string_view line);
/// What leaves cdc-transform has orders of its own: no line before this one has a higher order.
/// Nothing where the line does not say.
std::optional<Order> highest_of_checkpoint(std::string_view line);
std::string with_highest(std::string_view line, Order highest);
/// The line as one of this input, whose name needs no escapes.
std::string with_input(std::string_view line, std::string_view input);

} // namespace cdc::event

#endif
