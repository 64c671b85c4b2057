#ifndef CDC_MYSQL_BINLOG_STREAM_HPP
#define CDC_MYSQL_BINLOG_STREAM_HPP

#include "io/file_descriptor.hpp"
#include "mysql/connection.hpp"
#include "mysql/position.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cdc::mysql {

/// The binary log of a server from a position on, read by a thread of its own into a queue that is
/// bounded in bytes (one event may be larger), so that a packet that comes slowly blocks nothing
/// else.
///
/// The server is asked by COM_BINLOG_DUMP (18): position u32, flags u16, server id u32, file name;
/// or by global ids, and then it begins at the front of a file and leaves out what was executed:
/// MySQL by COM_BINLOG_DUMP_GTID (30): flags u16 (4: by ids), server id u32, size of the file's
/// name u32, position u64, size of the set u32, the set; MariaDB by the variable
/// slave_connect_state. It answers with packets: 0x00 and an event, for ever.
class BinlogStream {
public:
    struct Start {
        Position position;                ///< used without `gtids`
        std::optional<std::string> gtids; ///< executed so far: what else is there comes
    };
    /// `server_id` must be that of no other replica. Throws ServerError; code position_lost when
    /// the server no longer has the position.
    BinlogStream(Connection connection, const Start& start, std::uint32_t server_id);
    ~BinlogStream();
    BinlogStream(const BinlogStream&) = delete;
    BinlogStream& operator=(const BinlogStream&) = delete;

    /// Whether events that come before the first format description have checksums.
    bool checksum() const { return m_checksum; }

    /// Readable when there may be something for next(); clear_wake() empties it.
    int wake_fd() const { return m_wake_read.get(); }
    void clear_wake();

    /// The next event, valid until the next call. Nothing: none is here now. Throws what ended the
    /// stream when all before it was taken.
    std::optional<std::string_view> next();

private:
    void read();
    void push(std::string_view bytes);
    void wake();

    /// Large ones (a compressed transaction is one event) stay in the connection's memory, which
    /// reads on when they were given back.
    struct Packet {
        std::string bytes;
        std::string_view lent;
    };

    static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

    Connection m_connection;
    bool m_checksum = false;
    io::FileDescriptor m_wake_read;
    io::FileDescriptor m_wake_write;
    std::mutex m_mutex;
    std::condition_variable m_room;
    std::deque<Packet> m_queue;
    Packet m_current;     ///< what next() gave out
    bool m_lends = false; ///< a lent packet is in the queue, or was given out
    std::vector<std::string> m_spare;
    std::size_t m_bytes = 0;
    std::atomic<bool> m_stop = false;
    std::exception_ptr m_error;
    std::thread m_thread;
};

/// When a file of the log was made, seconds since 1970: the time of its format description, with
/// which every dump begins. Throws ServerError.
std::uint32_t file_created(Connection connection, const std::string& file, std::uint32_t server_id);

} // namespace cdc::mysql

#endif
