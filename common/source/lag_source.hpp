#ifndef CDC_SOURCE_LAG_SOURCE_HPP
#define CDC_SOURCE_LAG_SOURCE_HPP

#include "event/checkpoint.hpp"
#include "source/hop.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cdc::source {

/// How far a checkpoint is behind the end of the source's log.
struct LogDistance {
    std::optional<std::uint64_t> bytes;
    bool at_end = false;    ///< no transaction is behind it, whatever the bytes
    bool caught_up = false; ///< its reader has read all, and waits for more log
    std::vector<std::pair<std::string, nlohmann::ordered_json>> details; ///< as a Hop's
    std::optional<std::int64_t> safe_bytes;                              ///< as a Hop's
    std::string broken;  ///< why no reader can go on from it; "": one can
    std::string unknown; ///< why the distance cannot be told; "": it can
};

/// A database whose log is read, for cdc-lag. owns() and distance() may be called beside look().
class LagSource {
public:
    virtual ~LagSource() = default;

    /// Asks the server where its log ends, for all that follows. Returns what the server itself
    /// keeps for readers: the slots of `names` (none: all of the database), or the log as a whole.
    virtual std::vector<Hop> look(const std::vector<std::string>& names) = 0;
    /// Whether the checkpoint is of this server and database.
    virtual bool owns(const event::Checkpoint& checkpoint) const = 0;
    virtual LogDistance distance(const event::Checkpoint& checkpoint) const = 0;
};

} // namespace cdc::source

#endif
