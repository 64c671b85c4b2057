#ifndef CDC_POSTGRES_PGOUTPUT_HPP
#define CDC_POSTGRES_PGOUTPUT_HPP

#include "postgres/lsn.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Messages of the output plugin pgoutput, protocol versions 1 and 2 (PostgreSQL documentation,
/// "Logical Replication Message Formats"). Integers are big-endian, texts end in a zero byte.
/// Version 2 sends transactions in segments while they run; see OpenTransactions.
namespace cdc::postgres::pgoutput {

enum class Type : char {
    begin = 'B',
    commit = 'C',
    origin = 'O',
    relation = 'R',
    type = 'Y',
    insert = 'I',
    update = 'U',
    remove = 'D',
    truncate = 'T',
    message = 'M',
    stream_start = 'S', ///< a segment of a transaction that has not ended
    stream_stop = 'E',
    stream_commit = 'c',
    stream_abort = 'A',
};

struct RelationColumn {
    bool identity = false; ///< part of the replica identity (FULL: all are)
    std::string_view name;
    std::uint32_t type = 0;
    std::int32_t modifier = -1;
};

struct Relation {
    std::uint32_t id = 0;
    std::string_view schema; ///< "pg_catalog" where the wire has an empty text
    std::string_view name;
    char identity = 'd'; ///< d default, n nothing, f full, i index
    std::vector<RelationColumn> columns;
};

/// A copy whose views lie in texts of its own.
class OwnedRelation {
public:
    explicit OwnedRelation(const Relation& relation);
    OwnedRelation(OwnedRelation&&) = default;
    OwnedRelation& operator=(OwnedRelation&&) = default;
    const Relation& get() const { return m_relation; }

private:
    std::unique_ptr<std::string> m_texts; ///< stays where it is when this is moved
    Relation m_relation;
};

struct TupleColumn {
    char kind = 'n'; ///< n NULL, u unchanged out-of-line value that is not sent, t text
    std::string_view text;
};
using Tuple = std::vector<TupleColumn>;

/// One message; only the members of its type are set. Views lie in the decoded bytes.
struct Message {
    Type type{};

    Lsn commit_lsn = 0;              ///< begin, commits: start of the commit record
    Lsn end_lsn = 0;                 ///< commits: end of the commit record, where the log goes on
    std::int64_t commit_time_us = 0; ///< begin, commits: since 2000-01-01
    std::uint32_t xid = 0;           ///< begin, stream start, commit and abort: of the transaction
    std::uint32_t subxid = 0;        ///< stream abort: what is undone; `xid`: all of it
    bool first_segment = false;      ///< stream start

    Relation relation; ///< relation

    std::uint32_t relation_id = 0; ///< insert, update, remove
    char old_kind = 0;             ///< update, remove: K key columns only, O all columns, 0 none
    Tuple old_row;
    Tuple new_row;

    std::vector<std::uint32_t> truncated; ///< truncate

    bool transactional = false; ///< message
    std::string_view prefix;    ///< message; origin: its name
    std::string_view content;   ///< message
};

inline Type type_of(std::string_view bytes) {
    return bytes.empty() ? Type{} : static_cast<Type>(bytes.front());
}

/// A message within a segment: behind its type stands the number of the transaction, or
/// subtransaction, that it is of. Type and body together are the message as it is outside of
/// segments.
struct SegmentMessage {
    std::uint32_t xid = 0;
    char type = 0;
    std::string_view body;
};
/// Throws Error (bad_data).
SegmentMessage split_segment_message(std::string_view bytes);

/// Keeps its memory from message to message: no allocation once the vectors have grown.
class Decoder {
public:
    /// The result is valid until the next call and as long as `bytes`. Throws Error (bad_data)
    /// with the offset: a message that is unknown, too short, too long, or inconsistent.
    const Message& decode(std::string_view bytes);

private:
    Message m_message;
};

} // namespace cdc::postgres::pgoutput

#endif
