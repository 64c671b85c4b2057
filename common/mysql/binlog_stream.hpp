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
#include <string>
#include <thread>
#include <vector>

namespace cdc::mysql {

/// The binary log of a server from a position on, read by a thread of its own into a queue that is
/// bounded in bytes (one event may be larger), so that a packet that comes slowly blocks nothing
/// else.
///
/// The server is asked by COM_BINLOG_DUMP (18): position u32, flags u16, server id u32, file name.
/// It answers with packets: 0x00 and an event, for ever.
class BinlogStream {
public:
    /// `server_id` must be that of no other replica. Throws ServerError; code position_lost when
    /// the server no longer has the position.
    BinlogStream(Connection connection, const Position& start, std::uint32_t server_id);
    ~BinlogStream();
    BinlogStream(const BinlogStream&) = delete;
    BinlogStream& operator=(const BinlogStream&) = delete;

    /// Whether events that come before the first format description have checksums.
    bool checksum() const { return m_checksum; }

    /// Readable when there may be something for next(); clear_wake() empties it.
    int wake_fd() const { return m_wake_read.get(); }
    void clear_wake();

    /// Swaps the next event into `event`, whose memory is used again. False: none is here now.
    /// Throws what ended the stream when all before it was taken.
    bool next(std::string& event);

private:
    void read();
    void push(std::string_view bytes);
    void wake();

    static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

    Connection m_connection;
    bool m_checksum = false;
    io::FileDescriptor m_wake_read;
    io::FileDescriptor m_wake_write;
    std::mutex m_mutex;
    std::condition_variable m_room;
    std::deque<std::string> m_queue;
    std::vector<std::string> m_spare;
    std::size_t m_bytes = 0;
    std::atomic<bool> m_stop = false;
    std::exception_ptr m_error;
    std::thread m_thread;
};

} // namespace cdc::mysql

#endif
