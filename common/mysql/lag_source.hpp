#ifndef CDC_MYSQL_LAG_SOURCE_HPP
#define CDC_MYSQL_LAG_SOURCE_HPP

#include "base/mutex.hpp"
#include "mysql/connection.hpp"
#include "mysql/server.hpp"
#include "source/lag_source.hpp"

#include <string>
#include <vector>

namespace cdc::mysql {

/// Where the log begins and ends, and whose it is.
struct LagView {
    std::string kind;   ///< "mysql" or "mariadb"
    std::string server; ///< identity()
    LogEnd end;
    std::vector<LogFile> files; ///< that are kept, the oldest first
};

/// Bytes, headers of files included, from `position` to the end of the log. 0: not before the end.
std::uint64_t bytes_behind(const Position& position, const LagView& view);

/// Pure. Throws Error (bad_data) when ids of transactions are none.
source::LogDistance distance(const event::Checkpoint& checkpoint, const LagView& view);

class LagSource : public source::LagSource {
public:
    explicit LagSource(const std::string& url);

    std::vector<source::Hop> look(const std::vector<std::string>& names) override;
    bool owns(const event::Checkpoint& checkpoint) const override;
    source::LogDistance distance(const event::Checkpoint& checkpoint) const override;

private:
    Connection m_connection;
    mutable base::Mutex m_mutex;
    LagView m_view CDC_GUARDED_BY(m_mutex);
};

} // namespace cdc::mysql

#endif
