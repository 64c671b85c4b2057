#ifndef CDC_POSTGRES_LAG_SOURCE_HPP
#define CDC_POSTGRES_LAG_SOURCE_HPP

#include "base/mutex.hpp"
#include "postgres/connection.hpp"
#include "postgres/wal_status.hpp"
#include "source/lag_source.hpp"

#include <string>
#include <vector>

namespace cdc::postgres {

/// Where the log ends, and whose it is.
struct LagView {
    std::string server; ///< "" when the role may not read it
    std::string database;
    Lsn end = 0;                        ///< of its log
    std::vector<std::string> streaming; ///< slots whose sender has nothing left to send
};

/// A slot against the end of the log. Pure. Time is not known where the server does not measure it
/// (no stream, or an idle one), unless nothing is left to read.
source::Hop slot_hop(const NamedSlot& slot, Lsn end);

/// Pure.
source::LogDistance distance(const event::Checkpoint& checkpoint, const LagView& view);

class LagSource : public source::LagSource {
public:
    explicit LagSource(const std::string& url) : m_connection{url, Connection::Kind::plain} {}

    std::vector<source::Hop> look(const std::vector<std::string>& names) override;
    bool owns(const event::Checkpoint& checkpoint) const override;
    source::LogDistance distance(const event::Checkpoint& checkpoint) const override;

private:
    Connection m_connection;
    mutable base::Mutex m_mutex;
    LagView m_view CDC_GUARDED_BY(m_mutex);
};

} // namespace cdc::postgres

#endif
