#ifndef CDC_POSTGRES_STREAM_HPP
#define CDC_POSTGRES_STREAM_HPP

#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace cdc::postgres {

/// What servers from 14 on can send besides.
struct StreamSettings {
    bool messages = false; ///< logical messages
    /// Transactions while they run, as soon as those that the server holds in memory take as much
    /// as this, its `logical_decoding_work_mem`, where nothing else is set for the connection; "":
    /// all after their commit.
    std::string in_progress;
};

/// The streaming part of the replication protocol (PostgreSQL documentation, "Streaming
/// Replication Protocol"): messages in CopyData, each with its kind in the first byte. From the
/// server 'w' (start int64, end of log int64, clock int64, payload) and 'k' (end of log int64,
/// clock int64, reply wanted byte); from us 'r' (received, flushed, applied int64, clock int64,
/// reply wanted byte).
class ReplicationStream {
public:
    /// Starts to stream at `start`: the server moves a position below the confirmed one forward,
    /// without a word. Throws ServerError; sqlstate 55006: another session streams from the slot.
    ReplicationStream(Connection connection, const std::string& slot,
                      const std::string& publication, Lsn start, const StreamSettings& settings);

    struct Message {
        enum class Kind {
            none,      ///< nothing more is here: wait until socket() is readable, then receive()
            data,      ///< `payload` is a message of pgoutput; `lsn` its position
            keepalive, ///< everything that ends before `lsn` was sent, as far as it concerns us
        } kind = Kind::none;
        Lsn lsn = 0;
        bool reply_wanted = false;
        std::string_view payload;
    };

    int socket() const;
    /// Takes what the socket holds, without waiting.
    void receive();
    /// The next message that was received; valid until the next call. Throws ServerError when the
    /// stream has ended, Error (bad_data) for a message of unknown kind.
    Message next();

    /// `flushed` 0 confirms nothing.
    void send_status(Lsn received, Lsn flushed, bool want_reply = false);

    /// Ends the stream in good order: sends CopyDone and reads the rest, at most `timeout_ms`.
    void finish(int timeout_ms);

private:
    struct Free {
        void operator()(char* buffer) const;
    };
    void check_warning() const;

    Connection m_connection;
    std::unique_ptr<std::string> m_warning; ///< of the server, about changes that it leaves out
    std::unique_ptr<char, Free> m_buffer;   ///< of the message given last
};

} // namespace cdc::postgres

#endif
