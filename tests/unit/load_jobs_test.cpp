#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-load/loader.hpp"
#include "clickhouse/retry.hpp"

#include "support.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

using namespace cdc;

namespace {

constexpr std::size_t kRowSize = 4 + 16 + 1 + 8; ///< id, version, deleted, time

/// What the connections of FakeTarget share.
struct Store {
    std::mutex mutex;
    std::condition_variable changed;
    int begun = 0;              ///< inserts of rows
    int done = 0;               ///< of these
    int wait_for = 0;           ///< an insert returns when so many have begun
    int done_before_state = -1; ///< at the first checkpoint's row; -1: there was none
    bool overlapped = true;     ///< no wait for the others was in vain
    std::string refused;        ///< inserts into this table are
    std::string busy;           ///< into this one wait for ever
    int connections = 1;
    std::size_t rows = 0;
    std::vector<std::size_t> sizes; ///< rows of each insert
    std::vector<std::string> calls; ///< about merges, with the inserts between them
};

class FakeTarget : public clickhouse::Transport {
public:
    explicit FakeTarget(Store& store) : m_store{store} {}

    void execute(std::string_view /*sql*/) override {}
    std::string query(std::string_view sql, std::string_view /*format*/) override {
        return sql == "SELECT version()" ? "25.3.1.1\n" : "";
    }
    void insert(std::string_view into, std::string_view /*format*/,
                std::span<const std::string_view> pieces) override {
        std::unique_lock lock{m_store.mutex};
        if (into.find("_cdc_state") != std::string_view::npos) {
            for (const std::string_view piece : pieces) {
                if (piece.find("checkpoint") != std::string_view::npos &&
                    m_store.done_before_state < 0) {
                    m_store.done_before_state = m_store.done;
                }
            }
            return;
        }
        ++m_store.begun;
        m_store.changed.notify_all();
        if (!m_store.busy.empty() && into.find(m_store.busy) != std::string_view::npos) {
            throw clickhouse::server_error("busy", "Code: 252. later", 252, 500);
        }
        m_store.overlapped &= m_store.changed.wait_for(
            lock, std::chrono::seconds{30}, [&] { return m_store.begun >= m_store.wait_for; });
        if (!m_store.refused.empty() && into.find(m_store.refused) != std::string_view::npos) {
            throw clickhouse::server_error("refused", "Code: 60. no", 60, 404);
        }
        ++m_store.done;
        std::size_t bytes = 0;
        for (const std::string_view piece : pieces.subspan(1)) { // behind the names and types
            bytes += piece.size();
        }
        m_store.sizes.push_back(bytes / kRowSize);
        m_store.calls.emplace_back("insert");
        m_store.rows += bytes / kRowSize;
    }
    void hold_merges() override { m_store.calls.emplace_back("hold"); }
    void release_merges() override { m_store.calls.emplace_back("release"); }
    const std::string& name() const override { return m_name; }
    std::unique_ptr<Transport> another() override {
        ++m_store.connections;
        return std::make_unique<FakeTarget>(m_store);
    }

private:
    Store& m_store;
    std::string m_name{"fake"};
};

std::string source(int table, int position, int index) {
    return fmt::format(R"({{"connector":"postgresql","db":"d","schema":"s","table":"t{}",)"
                       R"("order":"0001{:016x}{:012x}"}})",
                       table, position, index);
}

/// Tables, so many rows for each, and a checkpoint behind them.
std::vector<std::string> lines_of(int tables, int rows) {
    std::vector<std::string> lines;
    for (int t = 0; t < tables; ++t) {
        lines.push_back(
            fmt::format(R"({{"table":{{"name":"s.t{}","version":"v","columns":[{{"name":"id",)"
                        R"("type":"integer","nullable":false,"key":1}}]}},"source":{}}})",
                        t, source(t, 1, 0)));
    }
    for (int i = 0; i < tables * rows; ++i) {
        lines.push_back(fmt::format(
            R"({{"key":{{"id":{0}}},"before":null,"after":{{"id":{0}}},"source":{1},"op":"c"}})",
            i / tables, source(i % tables, 16, i)));
    }
    lines.emplace_back(
        R"({"checkpoint":{"v":1,"kind":"postgres","server":"7312345678901234567","database":"d",)"
        R"("slot":"orders","position":"0/11","order":"00010000000000000011000000000000",)"
        R"("commit_ts_ms":1763709000000,"snapshot":null},"ts_ms":3})");
    return lines;
}

void take(load::Loader& loader, std::string line) {
    const std::size_t size = line.size();
    line.append(event::LinePredictor::kPadding, '\0');
    loader.take({line.data(), size}, 1);
}

void load_tables(Store& store, int tables, std::size_t jobs, const std::string& checkpoint,
                 int rows = 1, std::uint64_t batch_rows = load::Options{}.batch_rows) {
    base::log::set_level(base::log::Level::error);
    FakeTarget target{store};
    load::Options options;
    options.insert_jobs = jobs;
    options.batch_rows = batch_rows;
    options.checkpoints = {checkpoint};
    load::Figures figures{{}};
    load::Loader loader{target, options, figures};
    for (std::string& line : lines_of(tables, rows)) {
        take(loader, std::move(line));
    }
    loader.finish();
}

} // namespace

TEST_CASE("tables of a batch are stored at once, over so many connections") {
    const TemporaryFolder folder;
    Store store;
    store.wait_for = 4;
    load_tables(store, 4, 4, folder.file("state"));
    CHECK(store.overlapped);
    CHECK(store.connections == 4);
    CHECK(store.done == 4);
}

TEST_CASE("one job is one connection") {
    const TemporaryFolder folder;
    Store store;
    load_tables(store, 4, 1, folder.file("state"));
    CHECK(store.connections == 1);
    CHECK(store.done == 4);
}

TEST_CASE("many rows of one table, the last ones, are stored over several connections") {
    const TemporaryFolder folder;
    Store store;
    store.wait_for = 2;
    load_tables(store, 1, 4, folder.file("state"), 100'000);
    CHECK(store.overlapped);
    CHECK(store.done >= 2);
    CHECK(store.rows == 100'000);
    CHECK(store.done_before_state == store.done);
}

TEST_CASE("the first batches are shorter, and no row is in two") {
    const TemporaryFolder folder;
    Store store;
    load_tables(store, 1, 1, folder.file("state"), 1'000'000);
    CHECK(store.sizes ==
          std::vector<std::size_t>{125'000, 125'000, 125'000, 187'500, 281'250, 156'250});
}

TEST_CASE("merges wait while a run begins with full batches") {
    const TemporaryFolder folder;
    Store store;
    load_tables(store, 1, 1, folder.file("state"), 35, 10);
    CHECK(store.calls == std::vector<std::string>{"hold", "insert", "insert", "insert", "insert"});
}

TEST_CASE("merges do not wait for more than 32 batches, and only once") {
    const TemporaryFolder folder;
    Store store;
    load_tables(store, 1, 1, folder.file("state"), 400, 10);
    REQUIRE(store.calls.size() == 42);
    CHECK(store.calls[0] == "hold");
    CHECK(store.calls[33] == "release");
    CHECK(std::count(store.calls.begin(), store.calls.end(), "insert") == 40);
}

TEST_CASE("merges go on behind a batch that was not full, for the rest of the run") {
    Store store;
    FakeTarget target{store};
    load::Options options;
    options.insert_jobs = 1;
    options.batch_rows = 10;
    load::Figures figures{{}};
    load::Loader loader{target, options, figures};
    const std::vector<std::string> lines = lines_of(1, 38);
    for (int i = 0; i < 1 + 18; ++i) { // the table, and a batch and a half
        take(loader, lines[static_cast<std::size_t>(i)]);
    }
    const auto inserted = [&store] {
        const std::lock_guard lock{store.mutex};
        return store.done;
    };
    for (int tries = 0; inserted() < 2 && tries < 1000; ++tries) {
        loader.flush_if_idle();
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    for (std::size_t i = 19; i < lines.size(); ++i) {
        take(loader, lines[i]);
    }
    loader.finish();
    CHECK(store.rows == 38);
    CHECK(store.calls ==
          std::vector<std::string>{"hold", "insert", "release", "insert", "insert", "insert"});
}

TEST_CASE("the state is written when the rows of all tables are stored") {
    for (const std::size_t jobs : {1, 3, 8}) {
        const TemporaryFolder folder;
        Store store;
        load_tables(store, 20, jobs, folder.file("state"));
        CHECK(store.done == 20);
        CHECK(store.done_before_state == 20);
        CHECK(std::ifstream{folder.file("state")}.good());
    }
}

TEST_CASE("one table that is refused: nothing of the batch is acknowledged, and no other waits") {
    for (const std::size_t jobs : {1, 4}) {
        const TemporaryFolder folder;
        Store store;
        store.refused = "`t7";
        store.busy = jobs > 1 ? "`t6" : "";
        const std::int64_t started = base::steady_ms();
        CHECK_FAILS(load_tables(store, 20, jobs, folder.file("state")), refused, "refused");
        CHECK(base::steady_ms() - started < 20'000);
        CHECK(store.done_before_state == -1);
        CHECK(!std::ifstream{folder.file("state")}.good());
    }
}
