#include "mysql/binlog_stream.hpp"

#include "mysql/binlog_event.hpp"
#include "mysql/gtid_set.hpp"

#include <cerrno>
#include <random>

#include <fcntl.h>
#include <unistd.h>

namespace cdc::mysql {

using base::ExitCode;

namespace {

constexpr unsigned kBinlogDump = 18;
constexpr unsigned kBinlogDumpGtid = 30;
constexpr unsigned kLogReadError = 1236;
constexpr std::size_t kMaxSpare = 64;
constexpr std::size_t kMaxSpareBytes = std::size_t{256} << 10;

void append_little(std::string& out, std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
        out += static_cast<char>(value >> (8 * i));
    }
}

std::string random_uuid() {
    std::random_device random;
    const auto word = [&random] {
        return random() & 0xffffU;
    };
    return fmt::format("{:04x}{:04x}-{:04x}-4{:03x}-8{:03x}-{:04x}{:04x}{:04x}", word(), word(),
                       word(), word() & 0xfffU, word() & 0xfffU, word(), word(), word());
}

/// Returns whether events have checksums.
bool prepare_dump(Connection& connection) {
    const std::string kind = connection.value("SELECT @@global.binlog_checksum");
    connection.execute("SET @master_binlog_checksum = @@global.binlog_checksum, "
                       "@source_binlog_checksum = @@global.binlog_checksum, "
                       "@master_heartbeat_period = 10000000000, "
                       "@source_heartbeat_period = 10000000000");
    if (connection.is_mariadb()) {
        connection.execute("SET @mariadb_slave_capability = 4");
    } else {
        // The server ends an older dump of the same uuid, or else of the same server id.
        const std::string uuid = random_uuid();
        connection.execute("SET @slave_uuid = '" + uuid + "', @replica_uuid = '" + uuid + "'");
    }
    return kind == "CRC32";
}

void dump_by_position(Connection& connection, const Position& start, std::uint16_t flags,
                      std::uint32_t server_id) {
    constexpr std::uint64_t kLargest = 0xffffffff;
    std::string argument;
    // The command has 32 bits for the position; from further on the file is read from its front.
    append_little(argument, start.offset > kLargest ? Position::kFirst : start.offset, 4);
    append_little(argument, flags, 2);
    append_little(argument, server_id, 4);
    argument += start.file;
    connection.send_command(kBinlogDump, argument, "the binary log of ");
}

void dump_by_gtid(Connection& connection, const std::string& gtids, std::uint32_t server_id) {
    if (connection.is_mariadb()) {
        connection.execute("SET @slave_connect_state = " + connection.literal(gtids) +
                           ", @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0");
        dump_by_position(connection, {"", Position::kFirst}, 0, server_id);
        return;
    }
    constexpr std::uint16_t kThroughGtid = 4;
    const std::string set = GtidSet{gtids}.encode();
    std::string argument;
    append_little(argument, kThroughGtid, 2);
    append_little(argument, server_id, 4);
    append_little(argument, 0, 4); // no name of a file
    append_little(argument, Position::kFirst, 8);
    append_little(argument, set.size(), 4);
    argument += set;
    connection.send_command(kBinlogDumpGtid, argument, "the binary log of ");
}

/// An event of a dump. Throws ServerError at its end.
std::string_view event_of(std::string_view packet) {
    constexpr unsigned char kEnd = 0xfe;
    if (packet.empty() || (static_cast<unsigned char>(packet[0]) == kEnd && packet.size() < 9)) {
        throw ServerError{ExitCode::failed, "the server ended the stream of its log", 0};
    }
    if (packet[0] != '\0') {
        base::fail(ExitCode::bad_data, "a packet of unknown kind 0x{:02x} in the stream",
                   static_cast<unsigned char>(packet[0]));
    }
    return packet.substr(1);
}

} // namespace

std::uint32_t file_created(Connection connection, const std::string& file,
                           std::uint32_t server_id) {
    constexpr std::uint16_t kNonBlocking = 1;
    EventReader reader{prepare_dump(connection)};
    dump_by_position(connection, {file, Position::kFirst}, kNonBlocking, server_id);
    while (true) {
        const Event event = reader.read(event_of(connection.read_packet()));
        if (event.type == EventType::format_description) {
            return event.timestamp;
        }
    }
}

BinlogStream::BinlogStream(Connection connection, const Start& start, std::uint32_t server_id)
    : m_connection{std::move(connection)} {
    m_checksum = prepare_dump(m_connection);
    if (start.gtids) {
        dump_by_gtid(m_connection, *start.gtids, server_id);
    } else {
        dump_by_position(m_connection, start.position, 0, server_id);
    }

    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        base::fail(ExitCode::failed, "cannot make a pipe");
    }
    m_wake_read = io::FileDescriptor{pipe[0]};
    m_wake_write = io::FileDescriptor{pipe[1]};
    m_thread = std::thread{[this] {
        read();
    }};
}

BinlogStream::~BinlogStream() {
    {
        const std::lock_guard lock{m_mutex};
        m_stop = true;
    }
    m_room.notify_all();
    m_connection.shut_down();
    m_thread.join();
}

void BinlogStream::read() {
    try {
        while (true) {
            push(event_of(m_connection.read_packet()));
            if (m_stop) {
                return;
            }
        }
    } catch (const ServerError& error) {
        const std::lock_guard lock{m_mutex};
        m_error = error.number() == kLogReadError
                      ? std::make_exception_ptr(
                            ServerError{ExitCode::position_lost, error.what(), kLogReadError})
                      : std::current_exception();
    } catch (...) {
        const std::lock_guard lock{m_mutex};
        m_error = std::current_exception();
    }
    wake();
}

void BinlogStream::push(std::string_view bytes) {
    std::unique_lock lock{m_mutex};
    m_room.wait(lock, [this] { return m_stop || m_queue.empty() || m_bytes < kMaxBytes; });
    Packet packet;
    if (bytes.size() > kMaxBytes) {
        packet.lent = bytes;
        m_lends = true;
    } else {
        if (!m_spare.empty()) {
            packet.bytes = std::move(m_spare.back());
            m_spare.pop_back();
        }
        packet.bytes.assign(bytes);
    }
    const bool was_empty = m_queue.empty();
    m_bytes += bytes.size();
    m_queue.push_back(std::move(packet));
    if (was_empty) {
        wake();
    }
    m_room.wait(lock, [this] { return m_stop || !m_lends; });
}

void BinlogStream::wake() {
    const char byte = 0;
    // A full pipe is as good as another byte in it.
    [[maybe_unused]] const ssize_t written = ::write(m_wake_write.get(), &byte, 1);
}

void BinlogStream::clear_wake() {
    char bytes[64];
    while (::read(m_wake_read.get(), bytes, sizeof(bytes)) > 0) {
    }
}

std::optional<std::string_view> BinlogStream::next() {
    const std::lock_guard lock{m_mutex};
    if (!m_current.lent.empty()) {
        m_current.lent = {};
        m_lends = false;
        m_room.notify_one();
    }
    if (m_queue.empty()) {
        if (m_error != nullptr) {
            std::rethrow_exception(m_error);
        }
        return std::nullopt;
    }
    if (m_spare.size() < kMaxSpare && m_current.bytes.capacity() <= kMaxSpareBytes) {
        m_spare.push_back(std::move(m_current.bytes));
    }
    m_current = std::move(m_queue.front());
    m_queue.pop_front();
    const std::string_view event =
        m_current.lent.empty() ? std::string_view{m_current.bytes} : m_current.lent;
    m_bytes -= event.size();
    m_room.notify_one();
    return event;
}

} // namespace cdc::mysql
