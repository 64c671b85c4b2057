#include "cdc-publish/exactly_once.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "event/checkpoint.hpp"
#include "event/json_cursor.hpp"
#include "event/json_document.hpp"
#include "event/json_writer.hpp"
#include "kafka/cut_mark.hpp"
#include "kafka/offsets.hpp"
#include "kafka/topic_reader.hpp"

#include <algorithm>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using Json = nlohmann::ordered_json;
namespace log = base::log;

namespace {

constexpr int kReadTimeoutMs = 60'000;
constexpr int kAbortPauseMs = 20;

std::string position_key(const std::string& transactional_id) {
    std::string key = R"({"transactional_id":)";
    event::append_json_string(key, transactional_id);
    return key + "}";
}

} // namespace

ExactlyOnceStream::ExactlyOnceStream(const Options& options, kafka::Producer& producer,
                                     kafka::Acknowledgements& acknowledgements, Figures& figures)
    : m_producer{producer}, m_acknowledgements{acknowledgements}, m_options{options},
      m_figures{figures}, m_publisher{options, producer},
      m_checkpoints{options.checkpoints}, m_blank{options, producer, m_publisher.routes()} {
    if (options.marks) {
        m_marks.emplace(options, producer, m_publisher, acknowledgements);
    }
    m_topic = m_publisher.routes().side("checkpoints");
    read_position();
}

void ExactlyOnceStream::read_position() {
    kafka::TopicReader reader{m_options.settings, m_topic.name,
                              static_cast<int>(m_options.kafka.connect_timeout_ms)};
    const std::string wanted = position_key(m_options.transactional_id);
    std::string found;
    // Another stream that was killed may have left a transaction open before the position.
    reader.read_past_open(
        [&](std::optional<std::string_view> key, std::optional<std::string_view> value) {
            if (key == wanted) {
                found = value.value_or("");
            }
        },
        kReadTimeoutMs);
    if (found.empty()) {
        return;
    }
    const Json position = Json::parse(found, nullptr, false);
    if (!position.is_object() || !position.contains("order") || !position["order"].is_string()) {
        base::fail(ExitCode::bad_data, "topic {} holds no position for {}: {}",
                   in_quotes(m_topic.name), in_quotes(m_options.transactional_id),
                   in_quotes(found));
    }
    m_stored.order = position["order"].get<std::string>();
    // What an older version wrote has one order for both.
    m_stored.row_order = position.value("row_order", m_stored.order);
    if (const auto rows = position.find("view_rows"); rows != position.end()) {
        m_stored.view_rows = {rows->value("order", ""), rows->value("count", std::uint64_t{0})};
    }
    if (const auto tables = position.find("row_tables");
        tables != position.end() && tables->is_array()) {
        std::vector<std::uint64_t> known;
        for (const Json& table : *tables) {
            const std::string digits = table.is_string() ? table.get<std::string>() : "";
            known.push_back(base::parse_integer<std::uint64_t>(digits, 16).value_or(0));
        }
        m_stored.snapshot_tables.set(std::move(known));
        m_knows_tables = true;
    }
    m_publisher.set_position(m_stored);
    if (position.contains("checkpoint") && position["checkpoint"].is_object()) {
        m_stored_checkpoint = position["checkpoint"];
        m_checkpoint = Json{{"checkpoint", m_stored_checkpoint}, {"ts_ms", base::now_ms()}}.dump();
        if (const std::string input = position.value("input", ""); !input.empty()) {
            m_checkpoint = event::with_input(m_checkpoint, input);
        }
        m_stored_line = m_checkpoint;
        const auto state = m_stored_checkpoint.find("snapshot");
        m_stored_snapshot_done =
            state != m_stored_checkpoint.end() && (state->is_null() || *state == "done");
    }
    // Nothing of an unfinished snapshot is known to be there.
    m_dropping = !m_stored.order.empty() || m_stored.view_rows.count > 0 || m_stored_snapshot_done;
    log::info("{} goes on behind order {}", in_quotes(m_options.transactional_id),
              m_stored.order.empty() ? m_stored.row_order : m_stored.order);
}

/// Rows of views have no such hash.
bool ExactlyOnceStream::is_of_done_snapshot(const kafka::ChangeCut& cut) const {
    return m_stored.snapshot_tables.holds(
        SnapshotTables::hash(kafka::plain_name(cut.db), kafka::plain_name(cut.schema),
                             kafka::plain_name(cut.table), cut.order));
}

namespace {

/// What cdc-verify --repair deletes has the index 0, and its lines of tables without key have one
/// that no change of a log has. Where the server stands still, another repair has others at the
/// same orders.
bool is_of_repair(const kafka::ChangeCut& cut) {
    constexpr std::size_t kIndex = 20; ///< where it begins in an order
    const std::string_view index = std::string_view{cut.order}.substr(kIndex);
    return (cut.op == 'd' && index.find_first_not_of('0') == std::string_view::npos) ||
           ((cut.op == 'c' || cut.op == 'd') && index.front() >= '8');
}

} // namespace

/// A line that is broken is none: publish_line() says so.
bool ExactlyOnceStream::committed_before(std::string_view line, kafka::ChangeCut& cut) {
    const bool snapshot = line.starts_with(R"({"snapshot":)");
    if (!snapshot && !kafka::is_change(line)) {
        return false;
    }
    try {
        if (snapshot) {
            kafka::cut_source(event::json_member(line, "source"), cut);
            // A table without rows is not known to be done.
            return m_knows_tables && is_of_done_snapshot(cut);
        }
        kafka::cut_change(line, cut);
    } catch (const Error&) {
        return false;
    }
    if (ViewRows::has(cut)) {
        m_seen_rows.take(cut.order);
        return m_stored.view_rows.holds(m_seen_rows);
    }
    if (cut.op == 'r') {
        // All rows of an unfinished snapshot have one order: how far it came, only its own
        // checkpoints say.
        return m_knows_tables ? is_of_done_snapshot(cut)
                              : m_stored_snapshot_done && cut.order <= m_stored.row_order;
    }
    return cut.order <= m_stored.order && !is_of_repair(cut);
}

namespace {

/// Where a log of MySQL or MariaDB was, and when its file was made.
struct LogFile {
    std::string name;
    std::int64_t created = 0;
};

std::optional<LogFile> log_file(const event::Checkpoint& checkpoint) {
    const auto history = checkpoint.extra.find("history");
    const auto colon = checkpoint.position.rfind(':');
    if (history == checkpoint.extra.end() || colon == std::string::npos) {
        return std::nullopt;
    }
    return LogFile{checkpoint.position.substr(0, colon),
                   event::integer_member(*history, "created", std::int64_t{0})};
}

/// A log that was begun anew, with lower orders than before: a file of the stored position's name
/// or before it that is younger than its.
bool begun_anew(const event::Checkpoint& now, const event::Checkpoint& stored) {
    const auto file = log_file(now);
    const auto before = log_file(stored);
    if (!file || !before || file->created == 0 || before->created == 0 ||
        now.order.epoch() > stored.order.epoch()) {
        return false;
    }
    return file->name == before->name ? file->created != before->created
                                      : now.order < stored.order && file->created > before->created;
}

} // namespace

void ExactlyOnceStream::check_identity(std::string_view line) {
    if (m_checked || !m_stored_checkpoint.is_object()) {
        return;
    }
    if (event::input_of_checkpoint(line) != event::input_of_checkpoint(m_stored_line)) {
        return; // of another source of the same stream
    }
    const auto now = event::parse_checkpoint(line, "checkpoint line");
    const auto stored = event::parse_checkpoint(m_stored_line, "stored position");
    if (now.kind != stored.kind || now.server != stored.server || now.database != stored.database ||
        now.slot != stored.slot) {
        throw Error{
            ExitCode::refused,
            fmt::format("transactional id {} belongs to another stream: {} server {} slot {}, and "
                        "these lines are of {} server {} slot {}",
                        in_quotes(m_options.transactional_id), stored.kind,
                        in_quotes(stored.server), in_quotes(stored.slot), now.kind,
                        in_quotes(now.server), in_quotes(now.slot)),
            "Give each stream its own --transactional-id"};
    }
    if (begun_anew(now, stored)) {
        throw Error{
            ExitCode::refused,
            fmt::format("the log of {} server {} was begun anew: the position of transactional id "
                        "{} is {} of another log, and these lines come from before it, at {}",
                        now.kind, in_quotes(now.server), in_quotes(m_options.transactional_id),
                        stored.position, now.position),
            "Give the stream another --transactional-id, and read the tables again"};
    }
    m_checked = true;
}

void ExactlyOnceStream::open() {
    if (!m_open) {
        m_producer.begin();
        m_open = true;
        m_opened_ms = base::steady_ms();
    }
}

void ExactlyOnceStream::keep(std::string_view line, std::uint64_t line_number) {
    const std::size_t start = m_kept.empty() ? 0 : m_kept.back().end;
    m_lines.resize(start);
    m_lines += line;
    m_kept.push_back({m_lines.size(), line_number});
    m_lines.append(event::LinePredictor::kPadding, '\0');
    ++m_sent;
}

/// Until `send` returns in a transaction that holds all lines before. Throws Error.
template<typename Send>
void ExactlyOnceStream::in_transaction(Send&& send) {
    while (true) {
        try {
            open();
            send_again();
            send();
            return;
        } catch (const kafka::TransactionAborted&) {
            abort();
        }
    }
}

void ExactlyOnceStream::send_again() {
    for (; m_sent < m_kept.size(); ++m_sent) {
        const std::size_t start = m_sent == 0 ? 0 : m_kept[m_sent - 1].end;
        const Kept& kept = m_kept[m_sent];
        publish_line(m_publisher, m_options,
                     std::string_view{m_lines}.substr(start, kept.end - start), kept.line_number,
                     true);
    }
}

void ExactlyOnceStream::abort() {
    m_figures.retries.add();
    log::warning("the transaction was aborted; its {} lines are sent again", m_kept.size());
    m_producer.abort();
    m_publisher.aborted();
    m_open = false;
    m_sent = 0;
    m_producer.poll(kAbortPauseMs);
}

void ExactlyOnceStream::send_position() {
    const std::string key = position_key(m_options.transactional_id);
    Json checkpoint;
    if (!m_checkpoint.empty()) {
        checkpoint = Json::parse(m_checkpoint)["checkpoint"];
    }
    const Position& sent = m_publisher.position();
    Json position{{"order", sent.order}, {"checkpoint", checkpoint}, {"ts_ms", base::now_ms()}};
    if (!sent.row_order.empty()) {
        position["row_order"] = sent.row_order;
    }
    Json& tables = position["row_tables"] = Json::array();
    for (const std::uint64_t table : sent.snapshot_tables.all()) {
        tables.push_back(fmt::format("{:016x}", table));
    }
    if (const ViewRows& rows = sent.view_rows; rows.count > 0) {
        position["view_rows"] = {{"order", rows.order}, {"count", rows.count}};
    }
    if (const std::string input = event::input_of_checkpoint(m_checkpoint); !input.empty()) {
        position["input"] = input;
    }
    const std::string value = position.dump();
    kafka::OutgoingRecord record;
    record.key = key;
    record.value = value;
    m_publisher.send(m_topic, record);
}

/// In the transaction of the records that it is about, whose last line is the checkpoint.
void ExactlyOnceStream::send_mark() {
    m_producer.flush(-1);
    for (const std::string& line : m_new_checkpoints.lines()) {
        m_acknowledgements.checkpoint(line);
    }
    m_acknowledgements.take_durable();
    for (const std::string& line : m_new_checkpoints.lines()) {
        m_marks->send(line);
    }
}

void ExactlyOnceStream::commit() {
    const std::int64_t began = base::steady_ms();
    const bool was_open = m_open;
    for (bool committed = !m_open; !committed;) {
        in_transaction([&] {
            if (m_marks && !m_new_checkpoints.empty()) {
                send_mark();
            }
            send_position();
            committed = m_producer.commit();
        });
        if (!committed) {
            abort();
        }
    }
    m_open = false;
    if (was_open) {
        m_figures.transactions.add();
        m_figures.commit.observe(base::steady_ms() - began);
        m_figures.transaction_lines.observe(static_cast<std::int64_t>(m_kept.size()));
    }
    m_lines.clear();
    m_kept.clear();
    m_sent = 0;
    m_publisher.settled();
    m_acknowledgements.take_durable();
    m_checkpoints.durable(m_new_checkpoints);
    m_new_checkpoints.clear();
}

/// What was committed is told by orders, and those of views are no source's.
void ExactlyOnceStream::check_orders(std::string_view line) {
    if (!line.starts_with(R"({"table":)")) {
        return;
    }
    const bool of_view = line.find(R"("connector":"transform")") != std::string_view::npos;
    if (m_of_views && *m_of_views != of_view) {
        throw Error{ExitCode::refused,
                    "--exactly-once: there are lines of views and of other tables, whose orders "
                    "cannot be compared",
                    "Publish what cdc-transform lets through (--pass) in a pipe of its own, or "
                    "without --exactly-once."};
    }
    m_of_views = of_view;
}

/// What several partitions bring does not stand in the order of its source, so that what is below
/// the highest order of a line may still be to come.
void ExactlyOnceStream::check_rising(std::string_view checkpoint_line) {
    if (checkpoint_line.find(R"("kind":"kafka")") == std::string_view::npos) {
        return;
    }
    const auto checkpoint = event::parse_checkpoint(checkpoint_line, "checkpoint line");
    const bool of_transform = event::highest_of_checkpoint(checkpoint_line).has_value();
    if (checkpoint.kind != "kafka" || m_of_views.value_or(of_transform)) {
        return; // views have orders of their own, which rise
    }
    const std::size_t of_marks = checkpoint.extra.contains(kafka::kMarksMember) ? 1 : 0;
    if (!checkpoint.slot.empty() ||
        kafka::parse_offsets(checkpoint.position).size() > 1 + of_marks) {
        throw Error{ExitCode::refused,
                    "--exactly-once: the lines are those of several partitions, or of a group, and "
                    "do not come in the order of their source: what was committed cannot be told "
                    "by their orders",
                    "Leave out --exactly-once: records may come twice then, with the same order"};
    }
}

void ExactlyOnceStream::take(std::string_view line, std::uint64_t line_number) {
    check_orders(line);
    if (m_dropping) {
        kafka::ChangeCut cut;
        if (committed_before(line, cut)) {
            m_blank.check(cut);
            if (m_dropped++ == 0) {
                log::info("dropping lines that were committed before");
            }
            return;
        }
        if (m_blank.hold(line, line_number)) {
            return;
        }
        if (is_checkpoint(line) || kafka::is_change(line)) {
            pass_held();
        }
    }
    pass_on(line, line_number);
    if (!m_dropping) {
        pass_held();
    }
}

void ExactlyOnceStream::pass_held() {
    for (const BlankTopics::HeldLine& held : m_blank.take_held()) {
        pass_on(held.line(), held.number);
    }
}

void ExactlyOnceStream::pass_on(std::string_view line, std::uint64_t line_number) {
    const bool checkpoint = is_checkpoint(line);
    if (checkpoint) {
        check_rising(line);
        check_identity(line);
    }
    if (m_publisher.must_settle(line)) {
        commit();
    }
    in_transaction([&] { publish_line(m_publisher, m_options, line, line_number); });
    keep(line, line_number);
    m_dropping = m_dropping && m_publisher.position().order <= m_stored.order;
    if (checkpoint) {
        m_checkpoint.assign(line);
        m_new_checkpoints.add(line);
    }
    if ((checkpoint && m_marks) || m_kept.size() >= m_options.transaction_rows ||
        m_lines.size() >= m_options.transaction_bytes) {
        commit();
    }
}

void ExactlyOnceStream::turn() {
    m_producer.poll(0);
    if (m_open && base::steady_ms() - m_opened_ms >= m_options.transaction_ms) {
        commit();
    }
    m_checkpoints.write_due();
}

int ExactlyOnceStream::next_turn_ms() {
    if (m_checkpoints.pending()) {
        return 20;
    }
    if (!m_open) {
        return 500;
    }
    const std::int64_t left = m_opened_ms + m_options.transaction_ms - base::steady_ms();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 500));
}

bool ExactlyOnceStream::finish(int /*timeout_ms*/) {
    pass_held();
    if (m_open) {
        commit();
    }
    m_checkpoints.write_due(true);
    m_publisher.routes().tell_unmet();
    if (m_dropped > 0) {
        log::info("{} lines were dropped: they had been committed before", m_dropped);
    }
    return true;
}

} // namespace cdc::publish
