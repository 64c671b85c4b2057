#include "postgres/open_transactions.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstring>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using pgoutput::Type;

namespace {

/// A description begins with its type and the table's number.
std::uint32_t relation_id(std::string_view relation_message) {
    std::uint32_t id = 0;
    for (const char c : relation_message.substr(1, sizeof(id))) {
        id = id << 8 | static_cast<unsigned char>(c);
    }
    return id;
}

} // namespace

bool NewestRelations::put_in_force(std::uint32_t relation, std::uint64_t arrival,
                                   std::string_view message) {
    InForce& known = m_in_force[relation];
    if (known.arrival > arrival) {
        return false;
    }
    known.arrival = arrival;
    known.message = message;
    return true;
}

void SpooledTransaction::add(std::uint32_t xid, Lsn lsn, std::uint64_t arrival, char type,
                             std::string_view body) {
    const Header header{lsn, arrival, xid};
    char head[sizeof(header) + 1];
    std::memcpy(head, &header, sizeof(header));
    head[sizeof(header)] = type;
    m_spool.append({head, sizeof(head)}, body);
    m_logical_messages |= type == static_cast<char>(Type::message);
}

std::optional<SpooledTransaction::Message> SpooledTransaction::next(NewestRelations& relations) {
    while (m_spool.next(m_record)) {
        Header header;
        std::memcpy(&header, m_record.data(), sizeof(header));
        if (!m_aborted.empty() && m_aborted.contains(static_cast<std::uint32_t>(header.xid))) {
            continue;
        }
        const std::string_view bytes = std::string_view{m_record}.substr(sizeof(header));
        m_last_lsn = header.lsn;
        if (header.arrival != 0) {
            take_relation(header, bytes, relations);
        }
        return Message{header.lsn, bytes};
    }
    return next_outdated(relations);
}

void SpooledTransaction::take_relation(const Header& header, std::string_view bytes,
                                       NewestRelations& relations) {
    const std::uint32_t id = relation_id(bytes);
    std::erase(m_outdated, id);
    if (!relations.put_in_force(id, header.arrival, bytes)) {
        m_outdated.push_back(id);
    }
}

std::optional<SpooledTransaction::Message>
SpooledTransaction::next_outdated(const NewestRelations& relations) {
    if (m_outdated.empty()) {
        return std::nullopt;
    }
    m_record = relations.in_force(m_outdated.back());
    m_outdated.pop_back();
    return Message{m_last_lsn, m_record};
}

OpenTransactions::Taken OpenTransactions::take(Lsn lsn, std::string_view bytes) {
    if (m_current != nullptr) {
        add(lsn, bytes);
        return Taken::yes;
    }
    switch (pgoutput::type_of(bytes)) {
    case Type::stream_start:
        start_segment(m_decoder.decode(bytes));
        return Taken::yes;
    case Type::stream_abort:
        return abort(m_decoder.decode(bytes));
    case Type::stream_commit:
        m_commit = m_decoder.decode(bytes);
        return Taken::committed;
    case Type::relation:
        describe(bytes);
        return Taken::no;
    default:
        return Taken::no;
    }
}

/// Within a segment.
void OpenTransactions::add(Lsn lsn, std::string_view bytes) {
    const Type type = pgoutput::type_of(bytes);
    if (type == Type::stream_stop) {
        m_current = nullptr;
        return;
    }
    if (type == Type::origin) {
        return; // of the segment: it has no transaction's number, and says nothing of rows
    }
    const auto [xid, kind, body] = pgoutput::split_segment_message(bytes);
    const bool described = type == Type::relation;
    if (described && body.size() < sizeof(std::uint32_t)) {
        fail(ExitCode::bad_data, "broken replication message 'R' of {} bytes within a segment",
             bytes.size());
    }
    const std::uint64_t before = m_current->bytes();
    m_current->add(xid, lsn, described ? m_relations.arrive() : 0, kind, body);
    m_bytes += m_current->bytes() - before;
}

void OpenTransactions::start_segment(const pgoutput::Message& start) {
    if (start.first_segment) {
        erase(start.xid);
        m_current = &m_transactions.try_emplace(start.xid, m_folder).first->second;
        return;
    }
    const auto found = m_transactions.find(start.xid);
    if (found == m_transactions.end()) {
        fail(ExitCode::bad_data, "a segment of transaction {}, whose first one did not come",
             start.xid);
    }
    m_current = &found->second;
}

OpenTransactions::Taken OpenTransactions::abort(const pgoutput::Message& abort) {
    if (abort.subxid == abort.xid) {
        erase(abort.xid);
        forget_relations();
        return Taken::yes;
    }
    const auto found = m_transactions.find(abort.xid);
    if (found == m_transactions.end() || found->second.abort(abort.subxid)) {
        return Taken::yes;
    }
    m_unclear = abort.xid;
    return Taken::unclear;
}

/// A description outside of segments.
void OpenTransactions::describe(std::string_view bytes) {
    if (!m_transactions.empty()) {
        m_relations.put_in_force(m_decoder.decode(bytes).relation.id, m_relations.arrive(), bytes);
    }
}

OpenTransactions::Committed OpenTransactions::committed(Lsn lsn) {
    const auto found = m_transactions.find(m_commit.xid);
    if (found == m_transactions.end()) {
        fail(ExitCode::bad_data, "the end of transaction {}, whose first segment did not come",
             m_commit.xid);
    }
    m_bytes -= found->second.bytes();
    Committed out{m_commit, std::move(found->second), m_commit, lsn};
    out.begin.type = Type::begin;
    out.end.type = Type::commit;
    m_transactions.erase(found);
    return out;
}

void OpenTransactions::forget_relations() {
    if (m_transactions.empty()) {
        m_relations.clear();
    }
}

std::uint32_t OpenTransactions::largest() const {
    return std::max_element(
               m_transactions.begin(), m_transactions.end(),
               [](const auto& a, const auto& b) { return a.second.bytes() < b.second.bytes(); })
        ->first;
}

void OpenTransactions::erase(std::uint32_t xid) {
    const auto found = m_transactions.find(xid);
    if (found != m_transactions.end()) {
        m_bytes -= found->second.bytes();
        m_transactions.erase(found);
    }
}

void OpenTransactions::clear() {
    m_transactions.clear();
    m_current = nullptr;
    m_bytes = 0;
    m_relations.clear();
}

} // namespace cdc::postgres
