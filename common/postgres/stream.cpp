#include "postgres/stream.hpp"

#include "base/time.hpp"
#include "io/file_descriptor.hpp"

#include <libpq-fe.h>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

constexpr std::size_t kDataHeader = 1 + 3 * 8;
constexpr std::size_t kKeepaliveSize = 1 + 2 * 8 + 1;
constexpr std::int64_t kEpochShiftMs = 946684800000; // 2000-01-01 in Unix time

// Servers from 18 on warn, and go on, where the publication does not exist at the place in the log
// that they decode: the changes up to there would be missing.
constexpr char kNotInPrerequisiteState[] = "55000";
constexpr char kUndefinedObject[] = "42704"; // the same, of older servers
constexpr char kYoungPublication[] =
    "if the publication is younger than the slot: cdc-capture --drop, then cdc-snapshot --create, "
    "which makes them in the right order and reads what the slot cannot give";

std::uint64_t read_uint64(const char* bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

char* write_uint64(char* to, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        *to++ = static_cast<char>(value >> shift);
    }
    return to;
}

std::string start_command(const Connection& connection, const std::string& slot,
                          const std::string& publication, Lsn start,
                          const StreamSettings& settings) {
    // publication_names is a text that holds a list of names.
    const std::string names = connection.quoted_text(connection.quoted_name(publication));
    return fmt::format(
        "START_REPLICATION SLOT {} LOGICAL {} (proto_version '{}', publication_names {}{}{})",
        connection.quoted_name(slot), format_lsn(start), settings.in_progress.empty() ? 1 : 2,
        names, settings.messages ? ", messages 'true'" : "",
        settings.in_progress.empty() ? "" : ", streaming 'on'");
}

/// Unless somebody has set it for this database, role or connection.
void set_memory(Connection& connection, const std::string& memory) {
    connection.query(fmt::format(
        "SELECT set_config(name, {}, false) FROM pg_settings WHERE name = "
        "'logical_decoding_work_mem' AND source NOT IN ('database', 'user', 'database user', "
        "'client')",
        connection.quoted_text(memory)));
}

} // namespace

void ReplicationStream::Free::operator()(char* buffer) const {
    PQfreemem(buffer);
}

ReplicationStream::ReplicationStream(Connection connection, const std::string& slot,
                                     const std::string& publication, Lsn start,
                                     const StreamSettings& settings)
    : m_connection{std::move(connection)}, m_warning{std::make_unique<std::string>()} {
    m_connection.set_on_warning(
        [warning = m_warning.get()](const std::string& sqlstate, const std::string& text) {
            if (sqlstate == kNotInPrerequisiteState) {
                *warning = text;
            }
        });
    if (!settings.in_progress.empty()) {
        set_memory(m_connection, settings.in_progress);
    }
    m_connection.query(start_command(m_connection, slot, publication, start, settings));
}

int ReplicationStream::socket() const {
    return PQsocket(m_connection.raw());
}

void ReplicationStream::receive() {
    if (PQconsumeInput(m_connection.raw()) == 0) {
        throw m_connection.error("lost the connection to the source");
    }
}

ReplicationStream::Message ReplicationStream::next() {
    char* bytes = nullptr;
    const int size = PQgetCopyData(m_connection.raw(), &bytes, 1);
    m_buffer.reset(bytes);
    check_warning();
    if (size == 0) {
        return {};
    }
    if (size == -1) {
        const Result result{PQgetResult(m_connection.raw())};
        const ServerError error = m_connection.error("the source ended the stream", result.raw());
        if (error.sqlstate() == kUndefinedObject) {
            throw ServerError{error.code(), error.what(), error.sqlstate(), kYoungPublication};
        }
        throw error;
    }
    if (size < 0) {
        throw m_connection.error("cannot read the stream");
    }
    const auto length = static_cast<std::size_t>(size);
    Message message;
    if (bytes[0] == 'w' && length >= kDataHeader) {
        message.kind = Message::Kind::data;
        message.lsn = read_uint64(bytes + 1);
        message.payload = {bytes + kDataHeader, length - kDataHeader};
    } else if (bytes[0] == 'k' && length >= kKeepaliveSize) {
        message.kind = Message::Kind::keepalive;
        message.lsn = read_uint64(bytes + 1);
        message.reply_wanted = bytes[kKeepaliveSize - 1] != 0;
    } else {
        fail(ExitCode::bad_data, "unknown replication message 0x{:02x} of {} bytes",
             static_cast<unsigned char>(bytes[0]), size);
    }
    return message;
}

void ReplicationStream::check_warning() const {
    if (!m_warning->empty()) {
        throw ServerError{ExitCode::refused,
                          "the source leaves changes out of the stream: " + *m_warning,
                          kNotInPrerequisiteState, kYoungPublication};
    }
}

void ReplicationStream::send_status(Lsn received, Lsn flushed, bool want_reply) {
    char message[1 + 4 * 8 + 1];
    message[0] = 'r';
    char* at = write_uint64(message + 1, received);
    at = write_uint64(at, flushed);
    at = write_uint64(at, flushed);
    at = write_uint64(at, static_cast<std::uint64_t>((base::now_ms() - kEpochShiftMs) * 1000));
    *at = want_reply ? 1 : 0;
    if (PQputCopyData(m_connection.raw(), message, sizeof(message)) != 1 ||
        PQflush(m_connection.raw()) != 0) {
        throw m_connection.error("cannot send to the source");
    }
}

void ReplicationStream::finish(int timeout_ms) {
    PGconn* connection = m_connection.raw();
    if (PQputCopyEnd(connection, nullptr) != 1 || PQflush(connection) != 0) {
        throw m_connection.error("cannot end the stream");
    }
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (true) {
        char* bytes = nullptr;
        const int size = PQgetCopyData(connection, &bytes, 1);
        m_buffer.reset(bytes);
        if (size < 0) {
            return;
        }
        const std::int64_t left = deadline - base::steady_ms();
        if (left <= 0) {
            return;
        }
        if (size == 0) {
            io::wait_readable(PQsocket(connection), static_cast<int>(left));
            if (PQconsumeInput(connection) == 0) {
                return;
            }
        }
    }
}

} // namespace cdc::postgres
