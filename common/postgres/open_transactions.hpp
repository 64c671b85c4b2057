#ifndef CDC_POSTGRES_OPEN_TRANSACTIONS_HPP
#define CDC_POSTGRES_OPEN_TRANSACTIONS_HPP

#include "io/spool.hpp"
#include "postgres/lsn.hpp"
#include "postgres/pgoutput.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace cdc::postgres {

/// Descriptions of tables by the order in which they came. One of a transaction that runs holds for
/// that one alone until it commits; from then on the newest of them and of those outside holds.
class NewestRelations {
public:
    /// The number of a description that came now.
    std::uint64_t arrive() { return ++m_arrivals; }
    /// `message` is in force, and came as number `arrival`. False: a newer one of this table is.
    bool put_in_force(std::uint32_t relation, std::uint64_t arrival, std::string_view message);
    const std::string& in_force(std::uint32_t relation) const {
        return m_in_force.at(relation).message;
    }
    /// No transaction runs: each message that comes is in force.
    void clear() { m_in_force.clear(); }

private:
    struct InForce {
        std::uint64_t arrival = 0;
        std::string message;
    };
    std::uint64_t m_arrivals = 0;
    std::unordered_map<std::uint32_t, InForce> m_in_force;
};

/// The messages of one transaction, in the order received.
class SpooledTransaction {
public:
    explicit SpooledTransaction(const std::string& folder) : m_spool{folder} {}

    /// `arrival`: of a description.
    void add(std::uint32_t xid, Lsn lsn, std::uint64_t arrival, char type, std::string_view body);
    /// A subtransaction was rolled back: its messages do not count. False: which logical messages
    /// are its own is not known, the server says the topmost transaction's number with all of them.
    bool abort(std::uint32_t subxid) {
        m_aborted.insert(subxid);
        return !m_logical_messages;
    }
    std::uint64_t bytes() const { return m_spool.size(); }

    struct Message {
        Lsn lsn = 0;
        std::string_view bytes; ///< as outside of a segment; valid until the next call
    };
    /// The next message that counts; behind the last one, descriptions that are newer than those of
    /// the transaction. Nothing at the end.
    std::optional<Message> next(NewestRelations& relations);

private:
    struct Header {
        Lsn lsn = 0;
        std::uint64_t arrival = 0; ///< 0: no description
        std::uint64_t xid = 0;
    };
    void take_relation(const Header& header, std::string_view bytes, NewestRelations& relations);
    std::optional<Message> next_outdated(const NewestRelations& relations);

    io::Spool m_spool;
    std::unordered_set<std::uint32_t> m_aborted;
    bool m_logical_messages = false;
    std::string m_record;
    Lsn m_last_lsn = 0;
    std::vector<std::uint32_t> m_outdated; ///< tables that were described anew meanwhile
};

/// Transactions that the server sends while they run, in segments that never nest; segments of
/// several of them, and whole transactions, stand between each other. Each one is kept until the
/// server tells its end, by its topmost transaction's number. After a new connection the server
/// sends each from its first message on.
class OpenTransactions {
public:
    /// `folder`: see Spool. `limit`: for the bytes of all.
    OpenTransactions(std::string folder, std::uint64_t limit)
        : m_folder{std::move(folder)}, m_limit{limit} {}

    enum class Taken {
        no,        ///< the message is of no transaction that runs
        yes,       ///< it is, and was kept
        committed, ///< it tells that one has committed, and committed() gives it
        unclear,   ///< what of transaction unclear() counts is not known
    };
    /// Every message of the stream. Throws Error: bad_data; failed when one cannot be stored.
    Taken take(Lsn lsn, std::string_view bytes);

    /// A whole transaction: what stands at its begin and end outside of segments, and its messages.
    struct Committed {
        pgoutput::Message begin;
        SpooledTransaction messages;
        pgoutput::Message end;
        Lsn lsn = 0; ///< of `end`
    };
    Committed committed(Lsn lsn);
    std::uint32_t unclear() const { return m_unclear; }
    NewestRelations& relations() { return m_relations; }
    /// What committed() gave was read to its end.
    void forget_relations();

    bool beyond_limit() const { return m_bytes > m_limit; }
    std::uint64_t bytes() const { return m_bytes; }
    /// The one with the most bytes. There must be one.
    std::uint32_t largest() const;
    void clear();

private:
    void add(Lsn lsn, std::string_view bytes);
    void start_segment(const pgoutput::Message& start);
    Taken abort(const pgoutput::Message& abort);
    void describe(std::string_view bytes);
    void erase(std::uint32_t xid);

    pgoutput::Decoder m_decoder;
    pgoutput::Message m_commit; ///< see committed()
    std::uint32_t m_unclear = 0;
    std::string m_folder;
    std::uint64_t m_limit;
    std::uint64_t m_bytes = 0;
    std::unordered_map<std::uint32_t, SpooledTransaction> m_transactions;
    SpooledTransaction* m_current = nullptr; ///< whose segment it is
    NewestRelations m_relations;
};

} // namespace cdc::postgres

#endif
