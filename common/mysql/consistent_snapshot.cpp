#include "mysql/consistent_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "mysql/prepared_transactions.hpp"

#include <chrono>
#include <optional>
#include <thread>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr unsigned kLockWaitTimeout = 1205;
constexpr int kLockWaitSeconds = 2;
constexpr int kLockPauseMs = 500;
constexpr int kPreparedMs = 200;
constexpr std::int64_t kTellMs = 10000;

/// Waits between tries; tells what for, and gives up.
class Patience {
public:
    explicit Patience(const SnapshotWish& wish) : m_wish{&wish} {}

    void pause(const std::string& what, int ms) {
        m_wish->on_wait();
        const std::int64_t now = base::steady_ms();
        if (m_wish->wait_ms >= 0 && now >= m_start + m_wish->wait_ms) {
            throw Error{ExitCode::failed, fmt::format("{} within --wait", what),
                        "run this again, or give it more time"};
        }
        if (now >= m_tell) {
            base::log::warning("{}; trying again", what);
            m_tell = now + kTellMs;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{ms});
    }

private:
    const SnapshotWish* m_wish;
    std::int64_t m_start = base::steady_ms();
    std::int64_t m_tell = m_start;
};

std::string not_ended(const std::string& xid) {
    return fmt::format("XA transaction {} is prepared, and did not end", in_quotes(xid));
}

void begin(Connection& reader) {
    reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
}

void begin(std::vector<Connection>& readers) {
    for (Connection& reader : readers) {
        begin(reader);
    }
}

LogEnd place_of_reader(Connection& reader) {
    LogEnd place;
    for (const auto& row : reader.query("SHOW STATUS LIKE 'binlog_snapshot_%'")) {
        std::string name = row.at(0).value_or("");
        const std::string value = row.at(1).value_or("");
        if (name == "Binlog_snapshot_file") {
            place.position.file = value;
        } else if (name == "Binlog_snapshot_position") {
            place.position.offset = base::parse_integer<std::uint64_t>(value).value_or(0);
        }
    }
    if (place.position.file.empty()) {
        fail(ExitCode::refused, "{} says no binlog_snapshot position", reader.description());
    }
    return place;
}

/// Each ends with its session, too.
struct Lock {
    std::string before; ///< what has to be done first; the release undoes it
    std::string take;
    std::string release;
    std::string words;
};

Lock read_lock() {
    return {"", "FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES",
            "writes of all tables were locked (FLUSH TABLES WITH READ LOCK)"};
}

Lock table_lock(const std::string& table) {
    const std::string take = fmt::format("LOCK TABLES {} READ", table);
    return {"", take, "UNLOCK TABLES", fmt::format("writes of one table were locked ({})", take)};
}

Lock commit_lock() {
    return {"BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT", "BACKUP STAGE END",
            "commits were locked (BACKUP STAGE BLOCK_COMMIT)"};
}

enum class Locked {
    yes,
    no_right,
    timeout,
};

Locked take_lock(const Lock& lock, Connection& plain) {
    bool staged = false;
    try {
        if (!lock.before.empty()) {
            plain.execute(lock.before);
            staged = true;
        }
        plain.execute(lock.take);
        return Locked::yes;
    } catch (const ServerError& error) {
        if (is_right_missing(error)) {
            return Locked::no_right;
        }
        if (error.number() != kLockWaitTimeout) {
            throw;
        }
        // Behind this error MySQL keeps what FLUSH TABLES WITH READ LOCK has had so far, and with
        // it all writes of the server.
        if (staged || lock.before.empty()) {
            plain.execute(lock.release);
        }
        return Locked::timeout;
    }
}

/// False: there is no right to lock.
bool begin_under(const Lock& lock, Connection& plain, const SnapshotWish& wish,
                 ConsistentSnapshot& out) {
    Patience patience{wish};
    PreparedTransactions prepared{plain};
    plain.execute(fmt::format("SET SESSION lock_wait_timeout = {}", kLockWaitSeconds));
    while (true) {
        if (const auto xid = prepared.any()) { // asked before, so that nothing is locked in vain
            patience.pause(not_ended(*xid), kPreparedMs);
            continue;
        }
        const Locked locked = take_lock(lock, plain);
        if (locked == Locked::no_right) {
            return false;
        }
        if (locked == Locked::timeout) {
            patience.pause(fmt::format("{} was not had for {} s", lock.take, kLockWaitSeconds),
                           kLockPauseMs);
            continue;
        }
        const std::int64_t begun = base::steady_ms();
        const auto xid = prepared.any(); // the lock keeps out no XA PREPARE that came before it
        if (!xid) {
            begin(out.readers);
            out.place = log_end(plain);
        }
        plain.execute(lock.release);
        base::log::info("{} for {} ms", lock.words, base::steady_ms() - begun);
        if (!xid) {
            return true;
        }
        patience.pause(not_ended(*xid), kPreparedMs);
    }
}

/// The front of the last file: what is written to the log may be committed, and seen by readers,
/// some time later, but a file is begun only when all of the one before was committed.
LogEnd place_before_commits(Connection& plain) {
    LogEnd out = log_end(plain);
    out.position.offset = Position::kFirst;
    return out;
}

/// Nothing keeps a transaction from being prepared meanwhile: where one is, all begins anew.
template<typename Begin>
void begin_unlocked(Connection& plain, const SnapshotWish& wish, ConsistentSnapshot& out,
                    Begin begin_all) {
    Patience patience{wish};
    PreparedTransactions prepared{plain};
    while (true) {
        auto xid = prepared.any();
        if (!xid) {
            begin_all();
            xid = prepared.any();
        }
        if (!xid) {
            return;
        }
        for (Connection& reader : out.readers) {
            reader.execute("ROLLBACK");
        }
        patience.pause(not_ended(*xid), kPreparedMs);
    }
}

} // namespace

ConsistentSnapshot open_snapshot(const ServerAddress& address, Connection& plain,
                                 const SnapshotWish& wish) {
    ConsistentSnapshot out;
    for (int i = 0; i < wish.readers; ++i) {
        out.readers.emplace_back(address);
    }
    if (plain.is_mariadb()) {
        if (wish.readers > 1 && !begin_under(commit_lock(), plain, wish, out)) {
            base::log::info("without the right RELOAD one connection reads");
            out.readers.erase(out.readers.begin() + 1, out.readers.end());
        }
        if (out.readers.size() == 1) {
            begin_unlocked(plain, wish, out, [&out] {
                begin(out.readers[0]);
                out.place = place_of_reader(out.readers[0]);
            });
        }
        out.place.gtids = gtids_before(plain, out.place.position);
        return out;
    }
    const Lock lock = wish.table.empty() ? read_lock() : table_lock(wish.table);
    if (!begin_under(lock, plain, wish, out)) {
        out.exact = false;
        begin_unlocked(plain, wish, out, [&] {
            out.place = place_before_commits(plain);
            begin(out.readers);
        });
        if (wish.table.empty()) {
            base::log::info(
                "without the right RELOAD nothing was locked: changes since {} may come "
                "a second time in the stream",
                out.place.position.text());
        }
    }
    if (!uses_gtids(plain)) {
        out.place.gtids.clear();
    }
    return out;
}

} // namespace cdc::mysql
