#include "postgres/looks.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "base/time.hpp"
#include "event/facts_change.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <chrono>

namespace cdc::postgres {

namespace {

constexpr std::int64_t kAskedMs = 1000;
constexpr std::int64_t kEveryMs = 10000;
constexpr std::int64_t kLockMs = 1000;
// A look takes 0.6 s at 10,000 tables, and several times as long on a busy machine.
constexpr std::int64_t kTimeoutMs = 8000;
constexpr std::int64_t kMaxTimeoutMs = 64000;
constexpr std::int64_t kShare = 9;   ///< a pause is so many times as long as its look took
constexpr int kMaxEmptyChecks = 100; ///< a look; other tables may hold rows
/// CREATE TABLE … PARTITION OF enters the partition's place two commands after the table, on all
/// versions from 13 to 18.
constexpr std::uint32_t kCommandsOfPartitionOf = 2;
constexpr int kFirstPages = 64;
constexpr char kCancelled[] = "57014";
constexpr char kLockHeld[] = "55P03";
/// A TRUNCATE or an ALTER holds its lock for moments, mostly: so long a look tries again.
constexpr std::int64_t kHeldMs = 2000;
constexpr std::int64_t kPauseMs = 20;

struct Stopped {};

/// The command of the transaction that made the table, before which the stream has no row of it;
/// 0: it has all.
std::uint32_t entered_by(const event::PublicationFacts& publication, const event::LeafFacts& leaf) {
    std::uint32_t command = leaf.placed > leaf.command + kCommandsOfPartitionOf ? leaf.placed : 0;
    const auto take = [&](std::string_view xid, std::uint32_t number) {
        if (event::same_transaction(xid, leaf.birth) && number > leaf.command) {
            command = std::max(command, number);
        }
    };
    const std::string_view entry{publication.entry};
    take(entry.substr(entry.find(':') + 1), publication.listed);
    take(publication.joined, publication.moved);
    return command;
}

} // namespace

Looks::Looks(std::string source, FactsScope scope, std::string since)
    : m_source{std::move(source)}, m_scope{std::move(scope)}, m_since{std::move(since)},
      m_timeout_ms{kTimeoutMs}, m_thread{base::start_thread([this] { work(); })} {}

Looks::~Looks() {
    {
        const std::lock_guard lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

void Looks::ask() {
    {
        const std::lock_guard lock{m_mutex};
        m_asked = true;
    }
    m_changed.notify_all();
}

std::shared_ptr<const Look> Looks::take() {
    const std::lock_guard lock{m_mutex};
    if (m_error != nullptr) {
        std::rethrow_exception(m_error);
    }
    return std::exchange(m_found, nullptr);
}

void Looks::check_stop() {
    const std::lock_guard lock{m_mutex};
    if (m_stop) {
        throw Stopped{};
    }
}

bool Looks::wait_until_due() {
    std::unique_lock lock{m_mutex};
    while (!m_stop) {
        const std::int64_t due = m_asked ? m_next_asked : m_next;
        const std::int64_t left = due - base::steady_ms();
        if (left <= 0) {
            m_asked = false;
            return true;
        }
        m_changed.wait_for(lock, std::chrono::milliseconds{left});
    }
    return false;
}

void Looks::work() {
    while (wait_until_due()) {
        const std::int64_t begun = base::steady_ms();
        std::shared_ptr<const Look> found;
        try {
            found = look();
        } catch (const Stopped&) {
            return;
        } catch (const io::Stopped&) {
            return; // a signal, while it connected: the stream ends in order
        } catch (const ServerError& error) {
            base::log::debug("a look at the catalog failed: {}", error.what());
            if (error.sqlstate() == kCancelled) {
                m_timeout_ms = std::min(m_timeout_ms * 2, kMaxTimeoutMs);
            } else {
                m_connection.reset();
            }
            ask();
        } catch (...) {
            const std::lock_guard lock{m_mutex};
            m_error = std::current_exception();
            return;
        }
        const std::int64_t now = base::steady_ms();
        const std::int64_t pause = found != nullptr ? (now - begun) * kShare : 0;
        m_next_asked = now + std::max(kAskedMs, pause);
        m_next = now + std::max(kEveryMs, pause);
        if (found != nullptr) {
            const std::lock_guard lock{m_mutex};
            m_found = std::move(found);
        }
    }
}

std::shared_ptr<const Look> Looks::look() {
    if (m_connection == nullptr) {
        m_connection = std::make_unique<Connection>(m_source, Connection::Kind::plain);
        m_connection->set_on_wait([this] { check_stop(); });
        m_connection->query(fmt::format("SET jit = off; SET lock_timeout = {}", kLockMs));
    }
    m_connection->query(fmt::format("SET statement_timeout = {}", m_timeout_ms));
    const FactsVersion version = read_facts_version(*m_connection);
    auto found = std::make_shared<Look>();
    found->moment = version.moment;
    if (m_facts == nullptr || version.version != m_version) {
        FactsLook facts = read_facts(*m_connection, m_scope);
        find_empty(facts);
        find_filled(facts);
        m_facts = std::make_shared<const FactsLook>(std::move(facts));
        m_version = version.version;
        found->moment = m_facts->moment;
    }
    found->facts = m_facts;
    found->made_ms = base::steady_ms();
    return found;
}

/// Of tables that the look before did not see. One whose birth tells that it has no older rows
/// needs no answer.
void Looks::find_empty(FactsLook& facts) {
    if (m_facts == nullptr) {
        return;
    }
    int asked = 0;
    for (event::Facts& table : facts.tables) {
        const bool born_empty =
            std::all_of(table.leaves.begin(), table.leaves.end(),
                        [](const event::LeafFacts& leaf) { return leaf.xmin == leaf.birth; }) &&
            table.publication.entry.empty();
        if (find_table(*m_facts, table.oid) == nullptr && !born_empty && asked < kMaxEmptyChecks) {
            ++asked;
            table.empty = is_empty(table);
        }
    }
}

/// Nobody may hold a row that is not committed yet: it may have been written before the table was
/// published. Never waits, and holds its lock for one question.
bool Looks::is_empty(const event::Facts& facts) {
    std::string oids;
    for (const event::LeafFacts& leaf : facts.leaves) {
        oids += (oids.empty() ? "{" : ",") + std::to_string(leaf.oid);
    }
    const std::string name =
        m_connection->quoted_name(facts.schema) + "." + m_connection->quoted_name(facts.table);
    bool empty = false;
    try {
        const bool written =
            m_connection
                ->query("SELECT count(*) FROM pg_locks WHERE relation = ANY ($1::oid[]) AND "
                        "mode <> ALL ('{AccessShareLock,RowShareLock,ShareUpdateExclusiveLock,"
                        "ShareLock}')",
                        {oids + "}"})
                .text(0, 0) != "0";
        if (!written) {
            m_connection->query("BEGIN; LOCK TABLE " + name + " IN ACCESS SHARE MODE NOWAIT");
            empty =
                m_connection->query("SELECT NOT EXISTS (SELECT FROM " + name + ")").text(0, 0) ==
                "t";
        }
    } catch (const ServerError& error) {
        base::log::debug("whether {} is empty is not known: {}", base::in_quotes(name),
                         error.what());
    }
    m_connection->query("ROLLBACK");
    return empty;
}

/// A transaction that makes a table, fills it, and then attaches it or makes it part of the
/// publication leaves no row of it in a stream; nor one that truncates a table and fills it while
/// it is unlogged.
void Looks::find_filled(FactsLook& facts) {
    if (m_since.empty()) {
        return;
    }
    m_give_up = base::steady_ms() + kHeldMs;
    for (event::Facts& table : facts.tables) {
        for (const event::LeafFacts& leaf : table.leaves) {
            if (is_rewritten(leaf)) {
                table.filled.push_back(leaf.oid);
                continue;
            }
            const std::uint32_t entered = entered_by(table.publication, leaf);
            if (entered == 0 || leaf.kind == 'p' || event::precedes(leaf.birth, m_since)) {
                continue;
            }
            auto answer = m_filled.find(leaf.oid);
            if (answer == m_filled.end()) {
                answer = m_filled.emplace(leaf.oid, is_filled(leaf, entered)).first;
            }
            if (answer->second) {
                table.filled.push_back(leaf.oid);
            }
        }
    }
}

/// Whether it has rows of its first transaction's commands before `entered`. Rows of a savepoint
/// (of a block with EXCEPTION too) have a later number of their own: of those, commands from its
/// making on count, which may be another transaction's. Rows that were put in first lie in the
/// first pages. Where it cannot be told, it may be.
bool Looks::is_filled(const event::LeafFacts& leaf, std::uint32_t entered) {
    return ask_first_pages(leaf,
                           "age(xmin) <= age($1::xid) AND cmin::text::int8 < $2::int8 "
                           "AND (xmin = $1::xid OR cmin::text::int8 > $3::int8)",
                           {leaf.birth, std::to_string(entered), std::to_string(leaf.command)});
}

/// Whether rows of the transaction that gave it its storage were written anew by that transaction
/// (SET UNLOGGED and SET LOGGED): they are as old as its last command that wrote the table and its
/// indexes in the catalog, or older. Behind a truncate they are younger.
bool Looks::is_rewritten(const event::LeafFacts& leaf) {
    if (leaf.storage == 0 || leaf.storage == leaf.oid || leaf.kind == 'p' || leaf.altered ||
        event::precedes(leaf.xmin, m_since)) {
        return false;
    }
    const auto [answer, added] = m_rewritten.try_emplace({leaf.oid, leaf.storage}, false);
    if (added) {
        answer->second = ask_first_pages(
            leaf,
            "xmin = $1::xid AND cmin::text::int8 <= coalesce((SELECT min(c.cmin::text::int8) "
            "FROM pg_class c WHERE c.xmin = $1::xid AND (c.oid = $2::oid OR c.oid IN "
            "(SELECT indexrelid FROM pg_index WHERE indrelid = $2::oid))), 4294967295)",
            {leaf.xmin, std::to_string(leaf.oid)});
    }
    return answer->second;
}

/// Whether a row in its first pages meets the condition; where it cannot be told, one may.
bool Looks::ask_first_pages(const event::LeafFacts& leaf, const std::string& condition,
                            const std::vector<std::string>& parameters) {
    while (true) {
        try {
            const bool found = has_first_row(leaf, condition, parameters);
            m_connection->query("ROLLBACK");
            return found;
        } catch (const ServerError& error) {
            m_connection->query("ROLLBACK");
            if (error.sqlstate() != kLockHeld || base::steady_ms() >= m_give_up) {
                base::log::debug("what the first rows of table {} are is not known: {}", leaf.oid,
                                 error.what());
                return true;
            }
        }
        std::unique_lock lock{m_mutex};
        if (m_changed.wait_for(lock, std::chrono::milliseconds{kPauseMs},
                               [this] { return m_stop; })) {
            throw Stopped{};
        }
    }
}

/// In a transaction that it leaves open. Throws ServerError, also where somebody holds a lock that
/// keeps readers out.
bool Looks::has_first_row(const event::LeafFacts& leaf, const std::string& condition,
                          const std::vector<std::string>& parameters) {
    const Result named =
        m_connection->query("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n "
                            "ON n.oid = c.relnamespace WHERE c.oid = $1::oid",
                            {std::to_string(leaf.oid)});
    if (named.rows() == 0) {
        return false; // dropped since
    }
    const std::string name = m_connection->quoted_name(named.text(0, 0)) + "." +
                             m_connection->quoted_name(named.text(0, 1));
    m_connection->query("BEGIN; LOCK TABLE " + name + " IN ACCESS SHARE MODE NOWAIT");
    return m_connection
               ->query(fmt::format("SELECT EXISTS (SELECT FROM {} WHERE ctid < '({},0)' AND {})",
                                   name, kFirstPages, condition),
                       parameters)
               .text(0, 0) == "t";
}

} // namespace cdc::postgres
