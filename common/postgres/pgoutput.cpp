#include "postgres/pgoutput.hpp"

#include "base/error.hpp"

namespace cdc::postgres::pgoutput {

using base::ExitCode;
using base::fail;

namespace {

/// Takes bytes from the front; every length is checked.
class Reader {
public:
    explicit Reader(std::string_view bytes) : m_bytes{bytes} {}

    std::size_t rest() const { return m_bytes.size() - m_at; }

    std::string_view take(std::size_t count, const char* what) {
        if (count > rest()) {
            broken("{} of {} bytes, but {} are left", what, count, rest());
        }
        const std::string_view part = m_bytes.substr(m_at, count);
        m_at += count;
        return part;
    }

    char byte(const char* what) { return take(1, what)[0]; }

    template<typename T>
    T integer(const char* what) {
        const std::string_view part = take(sizeof(T), what);
        std::uint64_t value = 0;
        for (const char c : part) {
            value = value << 8 | static_cast<unsigned char>(c);
        }
        return static_cast<T>(value);
    }

    std::string_view text(const char* what) {
        const auto end = m_bytes.find('\0', m_at);
        if (end == std::string_view::npos) {
            broken("{} has no end", what);
        }
        const std::string_view part = m_bytes.substr(m_at, end - m_at);
        m_at = end + 1;
        return part;
    }

    /// A count whose items take at least `item_bytes` each, so that a broken one reserves nothing.
    template<typename T>
    std::size_t count(std::size_t item_bytes, const char* what) {
        const auto value = integer<T>(what);
        if (value < 0 || static_cast<std::size_t>(value) * item_bytes > rest()) {
            broken("{} of {}, but {} bytes are left", what, value, rest());
        }
        return static_cast<std::size_t>(value);
    }

    template<typename... Args>
    [[noreturn]] void broken(fmt::format_string<Args...> format, Args&&... args) const {
        fail(ExitCode::bad_data, "broken replication message '{}' of {} bytes, at byte {}: {}",
             m_bytes.empty() ? '?' : m_bytes[0], m_bytes.size(), m_at,
             fmt::format(format, std::forward<Args>(args)...));
    }

private:
    std::string_view m_bytes;
    std::size_t m_at = 0;
};

void read_tuple(Reader& in, Tuple& row) {
    const std::size_t columns = in.count<std::int16_t>(1, "column count");
    row.resize(columns);
    for (TupleColumn& column : row) {
        column.kind = in.byte("kind of a value");
        column.text = {};
        if (column.kind == 't') {
            const std::size_t size = in.count<std::int32_t>(1, "length of a value");
            column.text = in.take(size, "value");
        } else if (column.kind != 'n' && column.kind != 'u') {
            // 'b', binary, is sent only where it was asked for.
            in.broken("unknown kind of value 0x{:02x}", static_cast<unsigned char>(column.kind));
        }
    }
}

/// Begin prepare, prepare, commit prepared, rollback prepared, stream prepare.
constexpr std::string_view kPrepared = "bPKrp";

void read_relation(Reader& in, Relation& relation) {
    relation.id = in.integer<std::uint32_t>("relation id");
    relation.schema = in.text("schema name");
    if (relation.schema.empty()) {
        relation.schema = "pg_catalog";
    }
    relation.name = in.text("table name");
    relation.identity = in.byte("replica identity");
    const std::size_t columns = in.count<std::int16_t>(10, "column count");
    relation.columns.resize(columns);
    for (RelationColumn& column : relation.columns) {
        column.identity = (in.byte("column flags") & 1) != 0;
        column.name = in.text("column name");
        column.type = in.integer<std::uint32_t>("type id");
        column.modifier = in.integer<std::int32_t>("type modifier");
    }
}

void expect(Reader& in, char mark, const char* what) {
    if (in.byte(what) != mark) {
        in.broken("{} is not '{}'", what, mark);
    }
}

void read_old_row(Reader& in, Message& message, char kind) {
    message.old_kind = kind;
    read_tuple(in, message.old_row);
}

void read_commit(Reader& in, Message& message) {
    in.byte("flags");
    message.commit_lsn = in.integer<Lsn>("commit position");
    message.end_lsn = in.integer<Lsn>("end position");
    message.commit_time_us = in.integer<std::int64_t>("commit time");
}

void read_body(Reader& in, Message& message) {
    switch (message.type) {
    case Type::begin:
        message.commit_lsn = in.integer<Lsn>("commit position");
        message.commit_time_us = in.integer<std::int64_t>("commit time");
        message.xid = in.integer<std::uint32_t>("transaction id");
        return;
    case Type::commit:
        read_commit(in, message);
        return;
    case Type::origin:
        message.commit_lsn = in.integer<Lsn>("origin's position");
        message.prefix = in.text("origin's name");
        return;
    case Type::relation:
        read_relation(in, message.relation);
        return;
    case Type::type:
        in.integer<std::uint32_t>("type id");
        in.text("schema name");
        in.text("type name");
        return;
    case Type::insert:
        message.relation_id = in.integer<std::uint32_t>("relation id");
        expect(in, 'N', "mark of the new row");
        read_tuple(in, message.new_row);
        return;
    case Type::update: {
        message.relation_id = in.integer<std::uint32_t>("relation id");
        const char mark = in.byte("mark of a row");
        if (mark == 'K' || mark == 'O') {
            read_old_row(in, message, mark);
            expect(in, 'N', "mark of the new row");
        } else if (mark != 'N') {
            in.broken("unknown mark of a row 0x{:02x}", static_cast<unsigned char>(mark));
        }
        read_tuple(in, message.new_row);
        return;
    }
    case Type::remove: {
        message.relation_id = in.integer<std::uint32_t>("relation id");
        const char mark = in.byte("mark of the old row");
        if (mark != 'K' && mark != 'O') {
            in.broken("unknown mark of a row 0x{:02x}", static_cast<unsigned char>(mark));
        }
        read_old_row(in, message, mark);
        return;
    }
    case Type::truncate: {
        const auto count = in.integer<std::int32_t>("table count");
        in.byte("options");
        if (count < 0 || static_cast<std::size_t>(count) * 4 > in.rest()) {
            in.broken("table count of {}, but {} bytes are left", count, in.rest());
        }
        message.truncated.resize(static_cast<std::size_t>(count));
        for (std::uint32_t& id : message.truncated) {
            id = in.integer<std::uint32_t>("relation id");
        }
        return;
    }
    case Type::message: {
        message.transactional = (in.byte("flags") & 1) != 0;
        message.commit_lsn = in.integer<Lsn>("message's position");
        message.prefix = in.text("prefix");
        const std::size_t size = in.count<std::int32_t>(1, "length of the content");
        message.content = in.take(size, "content");
        return;
    }
    case Type::stream_start:
        message.xid = in.integer<std::uint32_t>("transaction id");
        message.first_segment = in.byte("mark of the first segment") != 0;
        return;
    case Type::stream_stop:
        return;
    case Type::stream_commit:
        message.xid = in.integer<std::uint32_t>("transaction id");
        read_commit(in, message);
        return;
    case Type::stream_abort:
        message.xid = in.integer<std::uint32_t>("transaction id");
        message.subxid = in.integer<std::uint32_t>("subtransaction id");
        return;
    }
    if (kPrepared.find(static_cast<char>(message.type)) != kPrepared.npos) {
        throw base::Error{
            ExitCode::refused,
            "the slot sends prepared transactions before they are committed "
            "(two_phase), which is not read",
            "From PostgreSQL 18 on ALTER_REPLICATION_SLOT … (TWO_PHASE false), over a "
            "replication connection, and run again. Before: --drop, --create and a "
            "new snapshot."};
    }
    in.broken("unknown message 0x{:02x}", static_cast<unsigned char>(message.type));
}

} // namespace

const Message& Decoder::decode(std::string_view bytes) {
    Reader in{bytes};
    m_message.type = static_cast<Type>(in.byte("kind of message"));
    m_message.old_kind = 0;
    read_body(in, m_message);
    if (in.rest() != 0) {
        in.broken("{} bytes behind its end", in.rest());
    }
    return m_message;
}

SegmentMessage split_segment_message(std::string_view bytes) {
    Reader in{bytes};
    SegmentMessage out;
    out.type = in.byte("kind of message");
    out.xid = in.integer<std::uint32_t>("transaction id");
    out.body = in.take(in.rest(), "body");
    return out;
}

OwnedRelation::OwnedRelation(const Relation& relation)
    : m_texts{std::make_unique<std::string>()}, m_relation{relation} {
    std::string& texts = *m_texts;
    texts.append(relation.schema).append(relation.name);
    for (const RelationColumn& column : relation.columns) {
        texts += column.name;
    }
    std::string_view rest = texts;
    const auto take = [&rest](std::string_view& view) {
        const std::size_t size = view.size();
        view = rest.substr(0, size);
        rest.remove_prefix(size);
    };
    take(m_relation.schema);
    take(m_relation.name);
    for (RelationColumn& column : m_relation.columns) {
        take(column.name);
    }
}

} // namespace cdc::postgres::pgoutput
