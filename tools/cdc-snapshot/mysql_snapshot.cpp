#include "cdc-snapshot/mysql_snapshot.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-snapshot/acknowledged.hpp"
#include "cdc-snapshot/checkpoint_files.hpp"
#include "cdc-snapshot/figures.hpp"
#include "cdc-snapshot/output.hpp"
#include "cdc-snapshot/readers.hpp"
#include "cdc-snapshot/throttle.hpp"
#include "event/pattern_check.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"
#include "mysql/catalog_shape.hpp"
#include "mysql/consistent_snapshot.hpp"
#include "mysql/epoch.hpp"
#include "mysql/log_history.hpp"
#include "mysql/snapshot_lines.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include <unistd.h>

namespace cdc::snapshot {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr int kTickMs = 100;
constexpr std::int64_t kCheckpointMs = 1000;
constexpr std::int64_t kDisorderMs = 5000;
constexpr std::int64_t kSeamMs = 60000;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

struct Table {
    mysql::CatalogTable found;
    std::unique_ptr<mysql::TablePlan> plan;
    bool done = false; ///< its end line was written
    std::atomic<std::uint64_t> rows{0};
};

/// What is to be read, and how far it is: shared by the readers.
class MysqlWork {
public:
    MysqlWork(Output& output, event::Checkpoint checkpoint, Progress before,
              mysql::SnapshotLines::Place place)
        : m_output{output}, m_checkpoint{std::move(checkpoint)}, m_place{std::move(place)},
          m_seq{before.seq}, m_before{std::move(before)} {}

    void add(mysql::CatalogTable found, mysql::SourceLookup& lookup) {
        auto table = std::make_unique<Table>();
        table->plan = std::make_unique<mysql::TablePlan>(found.map, lookup, m_place.mariadb);
        const Progress::Table* before = m_before.find(found.map.db, found.map.table, 0);
        if (before != nullptr && before->done && before->shape == table->plan->version()) {
            table->done = true;
            table->rows = before->rows;
        }
        table->found = std::move(found);
        m_tables.push_back(std::move(table));
    }
    const std::vector<std::unique_ptr<Table>>& tables() const { return m_tables; }
    const mysql::SnapshotLines::Place& place() const { return m_place; }

    /// The next table to read; nullptr: there is none.
    Table* next() {
        const std::lock_guard lock{m_mutex};
        while (m_next < m_tables.size() && m_tables[m_next]->done) {
            ++m_next;
        }
        return m_next < m_tables.size() ? m_tables[m_next++].get() : nullptr;
    }
    void finish(Table& table) {
        const std::lock_guard lock{m_mutex};
        table.done = true;
        m_news = true;
    }
    void checkpoint(bool now) {
        const std::lock_guard lock{m_mutex};
        if (now || (m_news && base::steady_ms() - m_last_ms >= kCheckpointMs)) {
            ++m_seq;
            put(progress().encode());
        }
    }
    void checkpoint_done() {
        const std::lock_guard lock{m_mutex};
        put("done");
    }

    std::uint64_t rows() const {
        std::uint64_t sum = 0;
        for (const auto& table : m_tables) {
            sum += table->rows;
        }
        return sum;
    }
    /// Calls `tell` with name and rows of each table.
    template<typename Tell>
    void tell_tables(Tell&& tell) const {
        for (const auto& table : m_tables) {
            tell(table->found.display_name(), table->rows.load());
        }
    }
    std::size_t over() {
        const std::lock_guard lock{m_mutex};
        return static_cast<std::size_t>(std::count_if(
            m_tables.begin(), m_tables.end(), [](const auto& table) { return table->done; }));
    }

private:
    Progress progress() const {
        Progress out;
        out.seq = m_seq;
        for (const auto& table : m_tables) {
            if (table->done) {
                Progress::Table item;
                item.schema = table->found.map.db;
                item.table = table->found.map.table;
                item.shape = table->plan->version();
                item.rows = table->rows;
                item.done = true;
                item.order = m_place.order.text();
                out.tables.push_back(std::move(item));
            }
        }
        return out;
    }
    void put(nlohmann::ordered_json snapshot) {
        m_checkpoint.snapshot = std::move(snapshot);
        m_checkpoint.ts_ms = base::now_ms();
        m_output.append(m_checkpoint.encode() + "\n");
        m_news = false;
        m_last_ms = base::steady_ms();
    }

    Output& m_output;
    event::Checkpoint m_checkpoint;
    mysql::SnapshotLines::Place m_place;
    std::uint64_t m_seq;
    Progress m_before;
    std::vector<std::unique_ptr<Table>> m_tables;
    std::mutex m_mutex;
    std::size_t m_next = 0;
    bool m_news = false;
    std::int64_t m_last_ms = 0;
};

/// Reads one table after the other, on a connection of its own.
class MysqlReader {
public:
    MysqlReader(mysql::Connection connection, MysqlWork& work, Output& output, Throttle& throttle,
                Figures& figures)
        : m_connection{std::move(connection)}, m_work{work}, m_output{output},
          m_throttle{throttle}, m_figures{figures} {}

    void run() {
        while (Table* table = m_work.next()) {
            read(*table);
        }
    }

private:
    void read(Table& table) {
        const std::string name = table.found.display_name();
        const std::int64_t begun = base::steady_ms();
        mysql::SnapshotLines lines{m_work.place(), *table.plan};
        std::uint64_t rows = 0;
        std::uint64_t counted = 0;
        const std::uint64_t step = m_throttle.step();
        const auto flush = [&] {
            table.rows += rows - std::exchange(counted, rows);
            if (!m_lines.empty()) {
                m_output.put(m_lines);
            }
        };
        m_lines.reserve(kChunkBytes + kChunkBytes / 4);
        table.rows = 0;
        lines.append_table(m_lines, base::now_ms());
        lines.append_begin(m_lines, base::now_ms());
        try {
            mysql::RowQuery result{m_connection,
                                   fmt::format("SELECT {} FROM {}.{}", lines.select_list(),
                                               mysql::quote_name(table.found.map.db),
                                               mysql::quote_name(table.found.map.table))};
            while (result.next(m_values)) {
                lines.append_row(m_lines, m_values);
                ++rows;
                if (m_lines.size() >= kChunkBytes) {
                    flush();
                }
                if (step != 0 && rows % step == 0) {
                    flush();
                    m_throttle.pass(step, m_output);
                }
                if (m_output.stopped()) {
                    throw Stopped{};
                }
            }
        } catch (const Error& error) {
            throw Error{error.code(), fmt::format("table {}: {}", in_quotes(name), error.what()),
                        error.hint()};
        }
        lines.append_end(m_lines, base::now_ms());
        flush();
        m_work.finish(table);
        m_figures.range_rows.observe(static_cast<std::int64_t>(rows));
        m_figures.range_seconds.observe(base::steady_ms() - begun);
        base::log::info("{}: {} rows in {:.1f} s", in_quotes(name), rows,
                        static_cast<double>(base::steady_ms() - begun) / 1000);
    }

    mysql::Connection m_connection;
    MysqlWork& m_work;
    Output& m_output;
    Throttle& m_throttle;
    Figures& m_figures;
    std::vector<mysql::ResultField> m_values;
    std::string m_lines;
};

/// The checkpoint of the stream beside which tables are read again, or of the one that follows.
event::Checkpoint first_checkpoint(const Options& options, mysql::Connection& plain,
                                   const mysql::ServerAddress& address,
                                   const mysql::LogEnd& place) {
    event::Checkpoint out;
    out.kind = plain.is_mariadb() ? "mariadb" : "mysql";
    out.server = mysql::identity(plain);
    std::uint16_t epoch = mysql::first_epoch();
    if (!options.beside.empty()) {
        const auto stream = event::read_checkpoint_file(options.beside);
        if (!stream) {
            fail(ExitCode::refused, "--beside: checkpoint file {} holds no checkpoint",
                 in_quotes(options.beside));
        }
        if (stream->kind != out.kind || stream->server != out.server) {
            throw Error{ExitCode::refused,
                        fmt::format("--beside: checkpoint file {} belongs to {} {}, the source is "
                                    "{}",
                                    in_quotes(options.beside), stream->kind,
                                    in_quotes(stream->server), in_quotes(out.server)),
                        "let cdc-capture go on at this server first"};
        }
        const auto stream_place =
            mysql::place_of(*stream, fmt::format("checkpoint file {}", in_quotes(options.beside)));
        if (!mysql::continuation(plain, address, stream_place).same_history) {
            throw Error{ExitCode::refused,
                        fmt::format("--beside: the log of {} is another one than that of {}",
                                    plain.description(), stream_place.where),
                        "let cdc-capture go on at this server first"};
        }
        epoch = stream->order.epoch();
        out.extra[event::kBesideMember] = true;
    }
    out.position = place.position.text();
    out.order = event::Order::make(epoch, place.position.order_position(), 0);
    out.extra["history"] = {{"base", std::string{place.position.base_name()}}, {"created", 0}};
    if (!place.gtids.empty() || plain.is_mariadb()) {
        out.extra["gtids"] = place.gtids;
    }
    return out;
}

void refuse_findings(mysql::Connection& plain, const mysql::ServerAddress& address,
                     const event::TableFilter& filter) {
    auto findings = mysql::preflight(plain);
    for (auto& key : mysql::cascading_keys(plain, address.database, filter)) {
        findings.push_back(std::move(key));
    }
    for (const mysql::Finding& finding : findings) {
        if (finding.code != ExitCode::ok) {
            throw Error{finding.code, finding.text, finding.remedy};
        }
    }
}

/// Rows without a key that changes of this moment bring again would be there twice.
void refuse_doubled(const MysqlWork& work, bool exact) {
    for (const auto& table : work.tables()) {
        const bool in_snapshot = table->found.engine == "InnoDB" ||
                                 table->found.engine == "ROCKSDB" ||
                                 table->found.engine == "TokuDB";
        if (!table->plan->key().empty() || (exact && in_snapshot)) {
            continue;
        }
        throw Error{ExitCode::refused,
                    exact ? fmt::format("table {} has no key, and its engine {} gives no "
                                        "consistent snapshot",
                                        in_quotes(table->found.display_name()), table->found.engine)
                          : fmt::format("table {} has no key, and nothing may be locked",
                                        in_quotes(table->found.display_name())),
                    exact ? "give it a key, make it InnoDB, or leave it out with --exclude"
                          : "grant RELOAD to the user, give the table a key, or leave it out with "
                            "--exclude"};
    }
}

/// The stream is to begin at a place that the server may remove meanwhile: then what was read is
/// worth nothing, and the sooner this is known, the better. Beside a stream no stream begins here.
class Seam {
public:
    Seam(mysql::Connection& plain, const mysql::ServerAddress& address,
         const event::Checkpoint& checkpoint, std::string where)
        : m_plain{plain}, m_address{address}, m_place{mysql::place_of(checkpoint,
                                                                      std::move(where))},
          m_begins_stream{!checkpoint.beside_stream()}, m_next_ms{base::steady_ms() + kSeamMs} {}

    void check() {
        if (m_begins_stream) {
            mysql::continuation(m_plain, m_address, m_place);
        }
        m_next_ms = base::steady_ms() + kSeamMs;
    }
    void check_when_due() {
        if (base::steady_ms() >= m_next_ms) {
            check();
        }
    }

private:
    mysql::Connection& m_plain;
    const mysql::ServerAddress& m_address;
    mysql::LogPlace m_place;
    bool m_begins_stream;
    std::int64_t m_next_ms;
};

void read_tables(const Options& options, std::vector<mysql::Connection> connections,
                 MysqlWork& work, Output& output, Seam& seam) {
    Throttle throttle{options.max_rows_per_second};
    Figures figures{options.metrics, [&](double rate) {
                        return fmt::format("{} of {} tables, {} rows, {:.0f} rows/s", work.over(),
                                           work.tables().size(), work.rows(), rate);
                    }};
    const auto update = [&](bool last = false) {
        figures.update(
            {work.rows(), output.written(), work.tables().size(), work.over()},
            [&](const auto& tell) { work.tell_tables(tell); }, last);
    };
    update();
    std::vector<MysqlReader> readers;
    for (mysql::Connection& connection : connections) {
        readers.emplace_back(std::move(connection), work, output, throttle, figures);
    }
    Readers threads{output, static_cast<int>(readers.size()), [&](int i) {
                        readers[static_cast<std::size_t>(i)].run();
                    }};
    while (threads.running()) {
        io::wait_readable(io::stop_signal::wake_fd(), kTickMs);
        if (io::stop_signal::requested() && !output.stopped()) {
            output.stop();
        }
        output.check();
        seam.check_when_due();
        work.checkpoint(false);
        output.flush();
        update();
    }
    threads.join();
    update(true);
    if (threads.error() != nullptr) {
        work.checkpoint(true); // the next run goes on behind what is whole
        finish_output(output, base::steady_ms() + kDisorderMs);
        std::rethrow_exception(threads.error());
    }
}

} // namespace

int read_mysql(const Options& options) {
    CheckpointFiles files{options.checkpoints, {}, CheckpointFiles::Source::mysql};
    if (files.done()) {
        base::log::info("the snapshot is done: nothing to read");
        return static_cast<int>(ExitCode::ok);
    }
    const auto resume = files.resume();
    const mysql::ServerAddress address = mysql::parse_url(options.source);
    const event::TableFilter filter{options.tables, options.exclude};
    mysql::Connection plain{address};
    refuse_findings(plain, address, filter);
    event::PatternCheck check{mysql::present_tables(plain, address.database), plain.description()};
    check.tables("--tables", options.tables);
    check.tables("--exclude", options.exclude);
    check.finish(options.allow_no_match);
    auto snapshot = mysql::open_snapshot(
        address, plain, {options.schema_only ? 1 : options.jobs, options.wait_ms, [] {
                             if (io::stop_signal::requested()) {
                                 fail(ExitCode::failed, "stopped before anything was read");
                             }
                         }});
    event::Checkpoint checkpoint = first_checkpoint(options, plain, address, snapshot.place);
    const std::string prefix = !options.prefix.empty()     ? options.prefix
                               : !address.database.empty() ? address.database
                                                           : checkpoint.kind;
    mysql::SnapshotLines::Place place{prefix, plain.is_mariadb(), snapshot.place.position,
                                      checkpoint.order, base::now_ms()};
    Progress before;
    if (resume) {
        if (resume->checkpoint.server != checkpoint.server) {
            fail(ExitCode::refused, "{} belongs to server {}, the source is {}", resume->where,
                 in_quotes(resume->checkpoint.server), in_quotes(checkpoint.server));
        }
        before = resume->progress;
        // Rows of this run are of its own place; the stream begins where it always did.
        place.order = event::Order::make(resume->checkpoint.order.epoch(),
                                         snapshot.place.position.order_position(), 0);
        checkpoint = resume->checkpoint;
    }
    Seam seam{plain, address, checkpoint, resume ? resume->where : "the snapshot"};
    seam.check();
    Output output{STDOUT_FILENO};
    MysqlWork work{output, checkpoint, std::move(before), place};
    mysql::Catalog catalog{plain};
    for (mysql::CatalogTable& table : mysql::read_tables(plain, address.database, filter)) {
        work.add(std::move(table), catalog);
    }
    if (work.tables().empty()) {
        fail(ExitCode::refused, "there is no table to read in {}", plain.description());
    }
    if (!options.schema_only) {
        refuse_doubled(work, snapshot.exact);
    }
    base::log::info("reading {} tables of {} as they were at {}{}", work.tables().size(),
                    plain.description(), snapshot.place.position.text(),
                    resume ? ", going on where the last run stopped" : "");
    if (options.schema_only) {
        for (const auto& table : work.tables()) {
            std::string line;
            mysql::SnapshotLines{place, *table->plan}.append_table(line, base::now_ms());
            output.append(line);
        }
    } else {
        work.checkpoint(true); // from now on a rerun knows where the stream begins
        read_tables(options, std::move(snapshot.readers), work, output, seam);
    }
    if (io::stop_signal::requested()) {
        work.checkpoint(true);
        finish_output(output, base::steady_ms() + options.drain_ms);
        throw Error{ExitCode::failed, "stopped before all rows were read",
                    "run this again: it goes on where it stopped"};
    }
    seam.check();
    work.checkpoint_done();
    if (!finish_output(output, base::steady_ms() + options.drain_ms)) {
        fail(ExitCode::failed, "the output took not all lines within --drain");
    }
    wait_acknowledged(options, files, output);
    base::log::info("{} rows; the stream goes on at {}", work.rows(), checkpoint.position);
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::snapshot
