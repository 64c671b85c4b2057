#ifndef CDC_MYSQL_BINLOG_EVENT_HPP
#define CDC_MYSQL_BINLOG_EVENT_HPP

#include "mysql/event_type.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Events of a binary log (version 4: MySQL from 5.0, MariaDB), bytes in, values out.
namespace cdc::mysql {

/// Every event begins with 19 bytes: time u32 (seconds since 1970), type u8, server id u32, size
/// u32 (header, body and checksum), position of the next event u32, flags u16. Where the log has
/// checksums its last 4 bytes are the CRC32 of all before them.
struct Event {
    static constexpr std::size_t kHeaderSize = 19;
    static constexpr std::uint16_t kInUse = 0x1; ///< flag of a file that is written to
    /// Flag of a statement that has to do with its session alone, as one on a temporary table.
    static constexpr std::uint16_t kThreadSpecific = 0x4;
    static constexpr std::uint16_t kArtificial = 0x20; ///< made for the stream, not in the log
    static constexpr std::uint16_t kIgnorable =
        0x80; ///< may be passed over by who does not know it

    std::uint32_t timestamp = 0;
    EventType type{};
    std::uint32_t server_id = 0;
    std::uint32_t size = 0;
    std::uint32_t next_position = 0; ///< the low 32 bits of it; 0 in some artificial events
    std::uint16_t flags = 0;
    std::string_view body; ///< without header and checksum
};

struct FormatDescription {
    std::string server_version;
    std::uint32_t created = 0; ///< of the file, seconds since 1970
    std::uint8_t checksum = 0; ///< 0 none, 1 CRC32
    bool server_start = false; ///< the file is the first one since a start of the server
};

/// Takes events apart and checks their checksums, by what the format description before them said.
class EventReader {
public:
    /// `checksum` as the server was asked for it: the first event comes before any description.
    explicit EventReader(bool checksum = false) : m_checksum{checksum} {}

    /// `bytes` is one event; the result points into it. Throws Error (bad_data).
    Event read(std::string_view bytes);
    /// An event inside a compressed transaction, which has no checksum of its own.
    static Event read_inner(std::string_view bytes);

    const FormatDescription& format() const { return m_format; }

private:
    bool m_checksum;
    FormatDescription m_format;
};

struct Rotate {
    std::uint64_t position = 0;
    std::string_view file;
};
Rotate parse_rotate(std::string_view body);

/// The transaction that follows, in MySQL's way: a group of events begins with one of these.
struct Gtid {
    std::array<std::uint8_t, 16> server{};
    std::string tag;
    std::int64_t number = 0;          ///< 0: anonymous
    std::uint64_t commit_time_us = 0; ///< on the server that is read; 0: not said

    std::string text() const; ///< "uuid:5", "uuid:tag:5"; "" where anonymous
};
Gtid parse_gtid(const Event& event);

/// Up to 32 of a to z, 0 to 9 and _, and no digit first. A server writes them in lower case.
bool is_gtid_tag(std::string_view text);

struct MariadbGtid {
    static constexpr std::uint8_t kStandalone = 1; ///< one event follows and no commit
    static constexpr std::uint8_t kGroupCommit = 2;
    static constexpr std::uint8_t kDdl = 32;
    static constexpr std::uint8_t kPreparedXa = 64;
    static constexpr std::uint8_t kCompletedXa = 128;
    // Of the flags behind those.
    static constexpr std::uint8_t kStartsAlter = 2;
    static constexpr std::uint8_t kUndoesAlter = 8;

    std::uint32_t domain = 0;
    std::uint32_t server_id = 0;
    std::uint64_t sequence = 0;
    std::uint8_t flags = 0;
    std::uint8_t more_flags = 0;
    std::string xid; ///< of an XA transaction

    /// binlog_alter_two_phase: the statement is at work, or was undone; only behind the event that
    /// says so it did something to its table.
    bool is_half_alter() const { return (more_flags & (kStartsAlter | kUndoesAlter)) != 0; }

    std::string text() const; ///< "0-1-7"
};
MariadbGtid parse_mariadb_gtid(const Event& event);

struct Query {
    std::uint32_t thread = 0; ///< of the session
    std::string_view db;      ///< current one of the session
    std::string text;
    std::uint64_t sql_mode = 0;
    std::uint16_t client_collation = 0; ///< of the text; 0: not said
};
Query parse_query(const Event& event);

/// "X'…',X'…',1" as the text of XA COMMIT has it.
struct XaPrepare {
    bool one_phase = false;
    std::string xid;
};
XaPrepare parse_xa_prepare(std::string_view body);

struct Incident {
    std::uint16_t kind = 0;
    std::string_view message;
};
Incident parse_incident(std::string_view body);

/// MariaDB's compressed form of rows and queries: byte 0x80 | size of the length, the length with
/// its highest byte first, a zlib stream. Throws Error (bad_data), also beyond `limit` bytes.
std::string mariadb_uncompress(std::string_view bytes,
                               std::uint64_t limit = std::uint64_t{1} << 31);

/// The same of one value in a COMPRESSED column: the high 4 bits of the first byte are 0 for bytes
/// as they are and 8 for zlib, bit 3 says that zlib's own header is left out.
std::string mariadb_uncompress_column(std::string_view bytes);

} // namespace cdc::mysql

#endif
