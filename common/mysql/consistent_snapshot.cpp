#include "mysql/consistent_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"

#include <chrono>
#include <thread>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr unsigned kLockWaitTimeout = 1205;
constexpr unsigned kAccessDenied = 1045;
constexpr unsigned kSpecificAccessDenied = 1227;
constexpr unsigned kXaRightMissing = 1401;
constexpr int kLockWaitSeconds = 2;
constexpr std::int64_t kTellMs = 10000;

bool is_right_missing(const ServerError& error) {
    return error.number() == kAccessDenied || error.number() == kSpecificAccessDenied;
}

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

/// Its rows are in the log already, or will be only when it commits, whatever the snapshot shows.
void wait_for_prepared(Connection& plain, const SnapshotWish& wish) {
    Patience patience{wish};
    while (true) {
        std::vector<Connection::Row> prepared;
        try {
            prepared = plain.query(plain.is_mariadb() ? "XA RECOVER FORMAT='SQL'"
                                                      : "XA RECOVER CONVERT XID");
        } catch (const ServerError& error) {
            if (!is_right_missing(error) && error.number() != kXaRightMissing) {
                throw;
            }
            base::log::debug("prepared XA transactions are not known: {}", error.what());
            return;
        }
        if (prepared.empty()) {
            return;
        }
        patience.pause(fmt::format("XA transaction {} is prepared, and did not end",
                                   in_quotes(prepared[0].back().value_or(""))),
                       200);
    }
}

void begin(Connection& reader) {
    reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
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

/// Both locks end with their session, too.
struct Lock {
    const char* take;
    const char* release;
    const char* words;
};
constexpr Lock kReadLock{"FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES",
                         "writes of all tables were locked (FLUSH TABLES WITH READ LOCK)"};
constexpr Lock kCommitLock{"BACKUP STAGE BLOCK_COMMIT", "BACKUP STAGE END",
                           "commits were locked (BACKUP STAGE BLOCK_COMMIT)"};

/// False: there is no right to lock.
bool begin_under(const Lock& lock, Connection& plain, const SnapshotWish& wish,
                 ConsistentSnapshot& out) {
    Patience patience{wish};
    const bool backup = &lock == &kCommitLock;
    plain.execute(fmt::format("SET SESSION lock_wait_timeout = {}", kLockWaitSeconds));
    while (true) {
        try {
            if (backup) {
                plain.execute("BACKUP STAGE START");
            }
            plain.execute(lock.take);
            break;
        } catch (const ServerError& error) {
            if (is_right_missing(error)) {
                return false;
            }
            if (error.number() != kLockWaitTimeout) {
                throw;
            }
            if (backup) {
                plain.execute(lock.release);
            }
        }
        patience.pause(fmt::format("{} was not had for {} s", lock.take, kLockWaitSeconds), 500);
    }
    const std::int64_t locked = base::steady_ms();
    for (Connection& reader : out.readers) {
        begin(reader);
    }
    out.place = log_end(plain);
    plain.execute(lock.release);
    base::log::info("{} for {} ms", lock.words, base::steady_ms() - locked);
    return true;
}

} // namespace

ConsistentSnapshot open_snapshot(const ServerAddress& address, Connection& plain,
                                 const SnapshotWish& wish) {
    ConsistentSnapshot out;
    wait_for_prepared(plain, wish);
    for (int i = 0; i < wish.readers; ++i) {
        out.readers.emplace_back(address);
    }
    if (plain.is_mariadb()) {
        if (wish.readers > 1 && !begin_under(kCommitLock, plain, wish, out)) {
            base::log::info("without the right RELOAD one connection reads");
            out.readers.erase(out.readers.begin() + 1, out.readers.end());
        }
        if (out.readers.size() == 1) {
            begin(out.readers[0]);
            out.place = place_of_reader(out.readers[0]);
        }
        out.place.gtids = gtids_before(plain, out.place.position);
        return out;
    }
    if (!begin_under(kReadLock, plain, wish, out)) {
        out.exact = false;
        out.place = log_end(plain);
        for (Connection& reader : out.readers) {
            begin(reader);
        }
        base::log::info("without the right RELOAD nothing was locked: changes of this moment come "
                        "a second time in the stream");
    }
    if (!uses_gtids(plain)) {
        out.place.gtids.clear();
    }
    return out;
}

} // namespace cdc::mysql
