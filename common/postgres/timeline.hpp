#ifndef CDC_POSTGRES_TIMELINE_HPP
#define CDC_POSTGRES_TIMELINE_HPP

#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

/// The timelines that lead to the server's present one: every promotion starts a new timeline at
/// the position where it left the old one.
class Timelines {
public:
    Timelines() = default;
    /// `history` is the content of the server's history file of timeline `current`: a line
    /// "timeline<TAB>end LSN<TAB>reason" for each earlier one, '#' begins a comment. Empty for
    /// timeline 1. Throws Error (failed) when it cannot be read, (refused) beyond 65535.
    Timelines(std::uint32_t current, std::string_view history);

    std::uint16_t current() const { return m_current; }
    /// The timeline on which a record that starts at `lsn` was written.
    std::uint16_t at(Lsn lsn) const;
    /// Whether the log of `timeline` up to `lsn` is part of this history.
    bool contains(std::uint16_t timeline, Lsn lsn) const;

private:
    struct Entry {
        std::uint16_t timeline;
        Lsn end; ///< first position that is not part of it
    };
    std::vector<Entry> m_earlier; ///< oldest first
    std::uint16_t m_current = 1;
};

/// What IDENTIFY_SYSTEM says.
struct SystemIdentity {
    std::string identifier;
    Timelines timelines;
    Lsn flushed = 0; ///< end of the log that is on disk (of a standby: replayed)
};

/// Asks on a replication connection.
SystemIdentity identify_system(Connection& replication);

/// Whether the server is a standby.
bool in_recovery(Connection& plain);

/// The end of the log that is on disk (of a standby: replayed) now.
Lsn end_of_log(Connection& plain);

} // namespace cdc::postgres

#endif
