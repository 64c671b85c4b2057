#include "mysql/binlog_event.hpp"

#include "base/numbers.hpp"
#include "mysql/byte_reader.hpp"

#include <zlib.h>

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kChecksumSize = 4;
constexpr std::uint8_t kCrc32 = 1;
constexpr std::size_t kVersionSize = 50;
constexpr std::size_t kFlagsOffset = 17;

Event read_header(std::string_view bytes) {
    ByteReader reader{bytes};
    if (bytes.size() < Event::kHeaderSize) {
        fail(ExitCode::bad_data, "an event of {} bytes", bytes.size());
    }
    Event event;
    event.timestamp = reader.u32();
    event.type = static_cast<EventType>(reader.u8());
    event.server_id = reader.u32();
    event.size = reader.u32();
    event.next_position = reader.u32();
    event.flags = reader.u16();
    if (event.size != bytes.size()) {
        fail(ExitCode::bad_data, "an event says that it has {} bytes, and has {}", event.size,
             bytes.size());
    }
    event.body = reader.rest();
    return event;
}

std::uint32_t crc32_of(std::string_view bytes, bool without_in_use) {
    const auto* at = reinterpret_cast<const Bytef*>(bytes.data());
    uLong crc = ::crc32(0, nullptr, 0);
    if (!without_in_use) {
        return static_cast<std::uint32_t>(::crc32_z(crc, at, bytes.size()));
    }
    // The flag is set and taken away in the file without a new checksum.
    crc = ::crc32_z(crc, at, kFlagsOffset);
    const Bytef flags = at[kFlagsOffset] & static_cast<Bytef>(~Event::kInUse);
    crc = ::crc32_z(crc, &flags, 1);
    return static_cast<std::uint32_t>(
        ::crc32_z(crc, at + kFlagsOffset + 1, bytes.size() - kFlagsOffset - 1));
}

void check_crc32(const Event& event, std::string_view bytes) {
    const bool description = event.type == EventType::format_description;
    const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumSize);
    const std::uint32_t wanted = ByteReader{bytes.substr(covered.size())}.u32();
    const std::uint32_t got = crc32_of(covered, description && (event.flags & Event::kInUse) != 0);
    if (wanted != got) {
        fail(ExitCode::bad_data, "an event of type {} whose checksum is {:08x}, not {:08x}",
             static_cast<unsigned>(event.type), got, wanted);
    }
}

/// Version u16, server version (50), creation time u32, header size u8, then the size of each
/// event's fixed part, and at the end the checksum's kind u8.
FormatDescription parse_format(const Event& event) {
    ByteReader reader{event.body};
    const std::uint16_t version = reader.u16();
    if (version != 4) {
        fail(ExitCode::bad_data, "a binary log of version {}; this program knows version 4",
             version);
    }
    FormatDescription format;
    const std::string_view name = reader.bytes(kVersionSize);
    format.server_version = name.substr(0, name.find('\0'));
    // Zero also where the stream begins inside a file.
    format.server_start = reader.u32() != 0;
    format.created = event.timestamp;
    if (const std::uint8_t header = reader.u8(); header != Event::kHeaderSize) {
        fail(ExitCode::bad_data, "a binary log whose events have headers of {} bytes", header);
    }
    const std::string_view sizes = reader.rest();
    if (sizes.size() < 1 + kChecksumSize) {
        fail(ExitCode::bad_data, "a format description that ends early");
    }
    format.checksum = static_cast<std::uint8_t>(sizes[sizes.size() - kChecksumSize - 1]);
    if (format.checksum > kCrc32) {
        fail(ExitCode::bad_data, "checksums of unknown kind {}", format.checksum);
    }
    return format;
}

/// Integers of MySQL's serialization library: the lowest bits of the first byte say by ones how
/// many bytes follow.
std::uint64_t read_variable(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    unsigned more = 0;
    while (more < 8 && (first >> more & 1) != 0) {
        ++more;
    }
    std::uint64_t value = more >= 7 ? 0 : first >> (more + 1);
    const unsigned have = more >= 7 ? 0 : 7 - more;
    if (more > 0) {
        value |= reader.little(more) << have;
    }
    return value;
}

std::int64_t read_variable_signed(ByteReader& reader) {
    const std::uint64_t value = read_variable(reader);
    const auto magnitude = static_cast<std::int64_t>(value >> 1);
    return (value & 1) != 0 ? -magnitude - 1 : magnitude;
}

/// Format version, size, highest id of a field that must be known, then fields: id, value.
Gtid parse_tagged(std::string_view body) {
    enum Field : std::uint8_t {
        kFlags,
        kServer,
        kNumber,
        kTag,
        kLastCommitted,
        kSequence,
        kImmediateTime,
        kOriginalTime,
        kLength,
        kImmediateVersion,
        kOriginalVersion,
        kTicket,
    };
    ByteReader reader{body};
    Gtid gtid;
    read_variable(reader);
    read_variable(reader);
    read_variable(reader);
    while (!reader.empty()) {
        const std::uint64_t field = read_variable(reader);
        switch (field) {
        case kServer:
            for (std::uint8_t& byte : gtid.server) {
                byte = static_cast<std::uint8_t>(read_variable(reader));
            }
            break;
        case kNumber:
            gtid.number = read_variable_signed(reader);
            break;
        case kTag:
            gtid.tag = reader.bytes(read_variable(reader));
            if (!gtid.tag.empty() && !is_gtid_tag(gtid.tag)) {
                fail(ExitCode::bad_data, "{} is not the tag of a global transaction id",
                     in_quotes(gtid.tag));
            }
            break;
        case kLastCommitted:
        case kSequence:
            read_variable_signed(reader);
            break;
        case kImmediateTime:
            gtid.commit_time_us = read_variable(reader);
            return gtid; // nothing behind it is needed
        default:
            read_variable(reader);
            break;
        }
    }
    return gtid;
}

void append_uuid(std::string& out, const std::array<std::uint8_t, 16>& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        base::append_hex(out, bytes[i], 2);
    }
}

} // namespace

Event EventReader::read(std::string_view bytes) {
    Event event = read_header(bytes);
    if (event.type == EventType::format_description) {
        // It always has room for a checksum, and says itself whether there is one.
        m_format = parse_format(event);
        m_checksum = m_format.checksum == kCrc32;
        if (m_checksum) {
            check_crc32(event, bytes);
        }
        event.body.remove_suffix(kChecksumSize);
        return event;
    }
    if (m_checksum) {
        if (event.body.size() < kChecksumSize) {
            fail(ExitCode::bad_data, "an event without its checksum");
        }
        check_crc32(event, bytes);
        event.body.remove_suffix(kChecksumSize);
    }
    return event;
}

Event EventReader::read_inner(std::string_view bytes) {
    return read_header(bytes);
}

Rotate parse_rotate(std::string_view body) {
    ByteReader reader{body};
    Rotate rotate;
    rotate.position = reader.u64();
    rotate.file = reader.rest();
    return rotate;
}

bool is_gtid_tag(std::string_view text) {
    constexpr std::size_t kLongest = 32;
    return !text.empty() && text.size() <= kLongest && (text[0] < '0' || text[0] > '9') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

/// Flags u8, server (16), number i64, then 2 and two numbers u64 for the parallel applier, and the
/// time of the commit in 7 bytes, the highest bit of which says that the original time follows.
Gtid parse_gtid(const Event& event) {
    if (event.type == EventType::gtid_tagged) {
        return parse_tagged(event.body);
    }
    ByteReader reader{event.body};
    Gtid gtid;
    reader.skip(1);
    const std::string_view server = reader.bytes(gtid.server.size());
    std::copy(server.begin(), server.end(), gtid.server.begin());
    gtid.number = static_cast<std::int64_t>(reader.u64());
    constexpr std::size_t kLogical = 17;
    constexpr std::size_t kTime = 7;
    constexpr std::uint64_t kHasOriginal = std::uint64_t{1} << 55;
    if (reader.left() >= kLogical + kTime && static_cast<std::uint8_t>(*reader.at()) == 2) {
        reader.skip(kLogical);
        gtid.commit_time_us = reader.little(kTime) & (kHasOriginal - 1);
    }
    if (event.type == EventType::anonymous_gtid) {
        gtid.number = 0;
    }
    return gtid;
}

std::string Gtid::text() const {
    std::string out;
    if (number == 0) {
        return out;
    }
    append_uuid(out, server);
    out += ':';
    if (!tag.empty()) {
        out += tag;
        out += ':';
    }
    base::append_integer(out, number);
    return out;
}

/// Sequence u64, domain u32, flags u8, then a commit id u64 or, for XA, format i32, two lengths u8
/// and their bytes.
MariadbGtid parse_mariadb_gtid(const Event& event) {
    ByteReader reader{event.body};
    MariadbGtid gtid;
    gtid.server_id = event.server_id;
    gtid.sequence = reader.u64();
    gtid.domain = reader.u32();
    gtid.flags = reader.u8();
    if ((gtid.flags & MariadbGtid::kGroupCommit) != 0) {
        reader.u64();
    }
    if ((gtid.flags & (MariadbGtid::kPreparedXa | MariadbGtid::kCompletedXa)) != 0) {
        const std::string_view format = reader.bytes(4);
        const std::uint8_t first = reader.u8();
        const std::uint8_t second = reader.u8();
        gtid.xid = format;
        gtid.xid += static_cast<char>(first);
        gtid.xid += reader.bytes(std::uint64_t{first} + second);
    }
    if (!reader.empty()) { // zero where there are none, as the rest of the event
        gtid.more_flags = reader.u8();
    }
    return gtid;
}

std::string MariadbGtid::text() const {
    return fmt::format("{}-{}-{}", domain, server_id, sequence);
}

namespace {

/// Variables of the session, each a code and a value. Only those at the front are needed; the first
/// unknown code ends the reading.
void read_session(Query& query, ByteReader reader) {
    constexpr std::uint8_t kFlags2 = 0;
    constexpr std::uint8_t kSqlMode = 1;
    constexpr std::uint8_t kCatalog = 2;
    constexpr std::uint8_t kAutoIncrement = 3;
    constexpr std::uint8_t kCharset = 4;
    constexpr std::uint8_t kTimeZone = 5;
    constexpr std::uint8_t kCatalogNz = 6;
    while (!reader.empty()) {
        switch (reader.u8()) {
        case kFlags2:
        case kAutoIncrement:
            reader.skip(4);
            break;
        case kSqlMode:
            query.sql_mode = reader.u64();
            break;
        case kCatalog:
            reader.skip(std::uint64_t{reader.u8()} + 1);
            break;
        case kCharset:
            query.client_collation = reader.u16();
            reader.skip(4);
            break;
        case kTimeZone:
        case kCatalogNz:
            reader.skip(reader.u8());
            break;
        default:
            return;
        }
    }
}

} // namespace

/// Thread u32, seconds u32, length of the database's name u8, error u16, length of the session's
/// variables u16, these, the name, 0x00, the text. Behind the length of the variables LOAD DATA has
/// the number of its file u32, where its name begins and ends in the text 2 × u32, duplicates u8.
Query parse_query(const Event& event) {
    ByteReader reader{event.body};
    Query query;
    query.thread = reader.u32();
    reader.skip(4);
    const std::uint8_t db_size = reader.u8();
    reader.skip(2);
    const std::uint16_t session_size = reader.u16();
    reader.skip(event.type == EventType::execute_load_query ? 13 : 0);
    read_session(query, ByteReader{reader.bytes(session_size)});
    query.db = reader.bytes(db_size);
    reader.skip(1);
    query.text = reader.rest();
    if (event.type == EventType::mariadb_query_compressed) {
        query.text = mariadb_uncompress(query.text);
    }
    return query;
}

XaPrepare parse_xa_prepare(std::string_view body) {
    ByteReader reader{body};
    XaPrepare out;
    out.one_phase = reader.u8() != 0;
    const std::uint32_t format = reader.u32();
    const std::uint32_t first = reader.u32();
    const std::uint32_t second = reader.u32();
    const auto hex = [&](std::string_view bytes) {
        out.xid += "X'";
        for (const char c : bytes) {
            base::append_hex(out.xid, static_cast<unsigned char>(c), 2);
        }
        out.xid += "',";
    };
    hex(reader.bytes(first));
    hex(reader.bytes(second));
    base::append_integer(out.xid, format);
    return out;
}

Incident parse_incident(std::string_view body) {
    ByteReader reader{body};
    Incident out;
    out.kind = reader.u16();
    out.message = reader.bytes(reader.u8());
    return out;
}

namespace {

std::string inflate_all(std::string_view bytes, std::uint64_t size, int window_bits) {
    // zlib makes at most some 1,000 bytes of one.
    if (size / 1100 > bytes.size()) {
        fail(ExitCode::bad_data, "{} compressed bytes that claim to be {}", bytes.size(), size);
    }
    std::string out(static_cast<std::size_t>(size), '\0');
    z_stream stream{};
    if (::inflateInit2(&stream, window_bits) != Z_OK) {
        fail(ExitCode::failed, "zlib does not start");
    }
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = ::inflate(&stream, Z_FINISH);
    const bool whole = result == Z_STREAM_END && stream.avail_out == 0;
    ::inflateEnd(&stream);
    if (!whole) {
        fail(ExitCode::bad_data, "compressed bytes that zlib does not understand ({})", result);
    }
    return out;
}

} // namespace

std::string mariadb_uncompress(std::string_view bytes, std::uint64_t limit) {
    ByteReader reader{bytes};
    const std::uint8_t head = reader.u8();
    const unsigned length_size = head & 7;
    if ((head & 0xf0) != 0x80 || length_size == 0) {
        fail(ExitCode::bad_data, "compressed bytes of unknown kind 0x{:02x}", head);
    }
    const std::uint64_t size = reader.big(length_size);
    if (size > limit) {
        fail(ExitCode::bad_data, "{} compressed bytes that claim to be {}", bytes.size(), size);
    }
    return inflate_all(reader.rest(), size, MAX_WBITS);
}

std::string mariadb_uncompress_column(std::string_view bytes) {
    ByteReader reader{bytes};
    const std::uint8_t head = reader.u8();
    if (head == 0) {
        return std::string{reader.rest()};
    }
    const unsigned length_size = head & 7;
    if ((head & 0xf0) != 0x80 || length_size == 0) {
        fail(ExitCode::bad_data, "a compressed value of unknown kind 0x{:02x}", head);
    }
    const std::uint64_t size = reader.big(length_size);
    return inflate_all(reader.rest(), size, (head & 8) != 0 ? -MAX_WBITS : MAX_WBITS);
}

} // namespace cdc::mysql
