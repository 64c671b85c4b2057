#include "cdc-snapshot/work.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cli/progress.hpp"

#include <algorithm>
#include <chrono>

namespace cdc::snapshot {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using Kind = source::ScanRange::Kind;
using State = TableWork::State;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::int64_t kCheckpointMs = 1000;
constexpr auto kStep = std::chrono::milliseconds{100};
constexpr std::int64_t kLockedPauseMs = 500;
constexpr double kGuessedRowBytes = 100;
constexpr std::uint64_t kPageBytes = 8192;
// Below it reading in the order of the key would jump through the table.
constexpr double kMinCorrelation = 0.5;

} // namespace

double TableWork::About::bytes_per_row() const {
    return rows > 0 ? std::max(1.0, static_cast<double>(bytes) / rows) : kGuessedRowBytes;
}

Work::Work(const Options& options, Output& output, event::Checkpoint checkpoint, Progress before,
           event::Order order, Tables tables)
    : m_options{options}, m_output{output}, m_checkpoint{std::move(checkpoint)},
      m_before{std::move(before)}, m_order{order}, m_tables{std::move(tables)}, m_seq{
                                                                                    m_before.seq} {
    for (const auto& table : m_tables) {
        take_up(*table);
    }
}

/// What the progress of an earlier run says of the table.
void Work::take_up(TableWork& table) {
    const TableWork::About& about = table.about;
    table.order = m_order;
    const Progress::Table* before = m_before.find(about.schema, about.name, about.oid);
    if (before == nullptr) {
        return;
    }
    if (!before->shape.empty() && before->shape != about.shape) {
        base::log::info("{}: its columns or partitions are not those of the earlier run: it is "
                        "read from its start",
                        about.display_name());
        return;
    }
    if (before->done) {
        table.state = State::complete;
        table.rows = before->rows;
        table.done_rows = before->rows;
        return;
    }
    const auto order = event::Order::parse(before->order);
    if (about.paging_key.empty() || about.paging_key != before->key || !order ||
        before->after.size() != before->key.size()) {
        return;
    }
    table.mode = Kind::keys;
    table.order = *order;
    table.cut_after = before->after;
    table.done_until = before->after;
    table.done_rows = before->rows;
    table.rows = before->rows;
}

Work::Task Work::next() {
    std::unique_lock lock{m_mutex};
    while (true) {
        if (m_output.stopped()) {
            throw Stopped{};
        }
        if (const auto task = take_handed_back()) {
            return *task;
        }
        bool all_over = true;
        for (const auto& item : m_tables) {
            TableWork& table = *item;
            if (table.state == State::complete || table.state == State::gone) {
                continue;
            }
            all_over = false;
            if (table.state == State::waiting && table.not_before_ms > base::steady_ms()) {
                continue;
            }
            if (table.state == State::waiting) {
                table.state = State::opening;
                return {Task::Kind::open, &table, {}, 0};
            }
            if (table.state == State::opening || table.all_given || table.cutting) {
                continue;
            }
            Task task{Task::Kind::read,
                      &table,
                      {table.mode, 0, {}, {}, {}},
                      table.next_range++,
                      base::steady_ms()};
            ++table.running;
            if (table.mode == Kind::keys) {
                task.kind = Task::Kind::cut;
                task.range.after = table.cut_after;
                table.cutting = true;
            } else if (table.mode == Kind::pages) {
                const auto pages = static_cast<std::uint64_t>(std::max(
                    1.0, static_cast<double>(m_options.chunk_rows) * table.about.bytes_per_row() /
                             static_cast<double>(kPageBytes)));
                task.range.first_page = table.next_page;
                table.next_page += pages;
                table.all_given = table.next_page >= table.end_page;
                if (!table.all_given) {
                    task.range.end_page = table.next_page;
                }
            } else {
                table.all_given = true;
            }
            return task;
        }
        if (all_over) {
            return {};
        }
        m_changed.wait_for(lock, kStep);
    }
}

std::optional<Work::Task> Work::take_handed_back() {
    std::erase_if(m_handed_back, [](const Task& task) { return task.table->state == State::gone; });
    const auto found =
        std::find_if(m_handed_back.begin(), m_handed_back.end(), [](const Task& task) {
            return task.table->not_before_ms <= base::steady_ms();
        });
    if (found == m_handed_back.end()) {
        return std::nullopt;
    }
    Task task = *found;
    m_handed_back.erase(found);
    return task;
}

bool Work::hand_back(const Task& task) {
    const std::lock_guard lock{m_mutex};
    TableWork& table = *task.table;
    table.not_before_ms = base::steady_ms() + kLockedPauseMs;
    if (task.kind == Task::Kind::open) {
        table.state = State::waiting;
    } else {
        m_handed_back.push_back(task);
    }
    m_changed.notify_all();
    return !std::exchange(table.told_locked, true);
}

/// Whether a table that begins now is read by key.
bool Work::begin_keys(const TableWork& table) const {
    const TableWork::About& about = table.about;
    if (about.paging_key.empty() || m_options.chunk_by == "ctid") {
        return false;
    }
    if (about.clustered) { // one after another, and not to go on in the middle: no use
        return m_options.chunk_by == "key" || m_options.jobs > 1 || !m_options.checkpoints.empty();
    }
    // By key only to go on in the middle some day, and where that does not cost much.
    return m_options.chunk_by == "key" ||
           (!m_options.checkpoints.empty() && about.correlation >= kMinCorrelation) ||
           about.partitioned;
}

void Work::open(TableWork& table, double rows, std::uint64_t pages) {
    const std::lock_guard lock{m_mutex};
    const bool large = rows > static_cast<double>(m_options.chunk_rows);
    if (table.mode != Kind::keys && large) {
        if (begin_keys(table)) {
            table.mode = Kind::keys;
        } else if (pages != 0 && !table.about.partitioned) {
            table.mode = Kind::pages;
            table.end_page = pages;
        }
    }
    table.begun_ms = base::steady_ms();
    const std::int64_t now = base::now_ms();
    std::string lines;
    table.append_shape(lines, now);
    table.append_facts(lines, now);
    table.append_begin(lines, now);
    m_output.append(lines);
    table.state = State::open;
    m_news = true;
    m_changed.notify_all();
}

void Work::give_up(TableWork& table, const std::string& why) {
    const std::lock_guard lock{m_mutex};
    if (table.state == State::gone) {
        return; // another reader found out, too
    }
    table.state = State::gone;
    table.why_gone = why;
    table.done_until.clear(); // what was read of it counts for nothing
    m_news = true;
    m_changed.notify_all();
    base::log::warning("table {} {}", in_quotes(table.about.display_name()), why);
}

void Work::cut(Task& task, std::vector<std::string> until) {
    const std::lock_guard lock{m_mutex};
    TableWork& table = *task.table;
    table.cutting = false;
    table.all_given = until.empty();
    table.cut_after = until;
    task.range.until = std::move(until);
    m_changed.notify_all();
}

void Work::finish(const Task& task, std::uint64_t rows) {
    if (m_on_range) {
        m_on_range(rows, base::steady_ms() - task.begun_ms);
    }
    const std::lock_guard lock{m_mutex};
    TableWork& table = *task.table;
    --table.running;
    if (table.state == State::gone) {
        return;
    }
    if (table.mode == Kind::keys) {
        table.finished[task.number] = {task.range.until, rows};
        for (auto first = table.finished.find(table.first_unfinished);
             first != table.finished.end(); first = table.finished.find(table.first_unfinished)) {
            if (!first->second.until.empty()) {
                table.done_until = first->second.until;
            }
            table.done_rows += first->second.rows;
            table.finished.erase(first);
            ++table.first_unfinished;
            m_news = true;
        }
    }
    if (table.all_given && table.running == 0 && table.state == State::open) {
        complete(table);
    }
    m_changed.notify_all();
}

void Work::complete(TableWork& table) {
    std::string line;
    table.append_end(line, base::now_ms());
    m_output.append(line);
    table.state = State::complete;
    table.done_rows = table.rows;
    m_news = true;
    const std::int64_t ms = std::max<std::int64_t>(1, base::steady_ms() - table.begun_ms);
    base::log::info("{}: {} rows in {}", in_quotes(table.about.display_name()), table.rows.load(),
                    ms < 10000 ? fmt::format("{:.1f} s", static_cast<double>(ms) / 1000)
                               : cli::short_duration(ms));
}

bool Work::is_over(const TableWork& table) {
    const std::lock_guard lock{m_mutex};
    return table.state == State::complete || table.state == State::gone;
}

Progress Work::progress() const {
    Progress out;
    out.seq = m_seq;
    for (const auto& table : m_tables) {
        if (table->state != State::complete && table->done_until.empty()) {
            continue;
        }
        Progress::Table item;
        item.schema = table->about.schema;
        item.table = table->about.name;
        item.oid = table->about.oid;
        item.shape = table->about.shape;
        item.rows = table->done_rows;
        item.done = table->state == State::complete;
        item.order = table->order.text();
        item.after = table->done_until;
        item.key = table->about.paging_key;
        out.tables.push_back(std::move(item));
    }
    return out;
}

void Work::put_checkpoint(Json snapshot) {
    m_checkpoint.snapshot = std::move(snapshot);
    m_checkpoint.ts_ms = base::now_ms();
    try {
        m_output.append(m_checkpoint.encode() + "\n");
    } catch (const Json::type_error&) {
        fail(ExitCode::bad_data, "a key that is not UTF-8: use --chunk-by ctid");
    }
    m_news = false;
    m_last_checkpoint_ms = base::steady_ms();
}

void Work::checkpoint(bool now) {
    const std::lock_guard lock{m_mutex};
    if (now || (m_news && base::steady_ms() - m_last_checkpoint_ms >= kCheckpointMs)) {
        ++m_seq;
        put_checkpoint(progress().encode());
    }
}

void Work::checkpoint_done() {
    const std::lock_guard lock{m_mutex};
    put_checkpoint("done");
}

void Work::append_shapes() {
    for (const auto& table : m_tables) {
        std::string line;
        table->append_shape(line, base::now_ms());
        m_output.append(line);
    }
}

std::vector<std::string> Work::given_up() {
    const std::lock_guard lock{m_mutex};
    std::vector<std::string> out;
    for (const auto& table : m_tables) {
        if (table->state == State::gone) {
            out.push_back(in_quotes(table->about.display_name()) + " " + table->why_gone);
        }
    }
    return out;
}

std::uint64_t Work::rows() const {
    std::uint64_t sum = 0;
    for (const auto& table : m_tables) {
        sum += table->rows;
    }
    return sum;
}

std::size_t Work::tables_over() {
    const std::lock_guard lock{m_mutex};
    return static_cast<std::size_t>(
        std::count_if(m_tables.begin(), m_tables.end(), [](const auto& table) {
            return table->state == State::complete || table->state == State::gone;
        }));
}

std::string Work::progress_text(double rate) {
    const std::lock_guard lock{m_mutex};
    std::size_t complete = 0;
    double wanted = 0;
    std::string running;
    for (const auto& table : m_tables) {
        const auto rows = static_cast<double>(table->rows.load());
        const bool over = table->state == State::complete || table->state == State::gone;
        complete += over ? 1 : 0;
        const double all = table->about.rows > 0
                               ? table->about.rows
                               : static_cast<double>(table->about.bytes) / kGuessedRowBytes;
        wanted += over ? 0 : std::max(0.0, all - rows);
        if (table->state == State::open) {
            running += fmt::format("{}{} {} of ~{}", running.empty() ? "" : ", ",
                                   table->about.display_name(), cli::short_number(rows),
                                   cli::short_number(std::max(all, rows)));
        }
    }
    const std::string eta =
        rate >= 1
            ? fmt::format(", about {} more",
                          cli::short_duration(static_cast<std::int64_t>(wanted / rate * 1000)))
            : "";
    return fmt::format("{} of {} tables, {} rows/s{}{}{}", complete, m_tables.size(),
                       cli::short_number(rate), eta, running.empty() ? "" : "; ", running);
}

} // namespace cdc::snapshot
