#include "cdc-publish/exactly_once.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "event/checkpoint.hpp"
#include "event/json_writer.hpp"
#include "kafka/topic_reader.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using Json = nlohmann::ordered_json;
namespace log = base::log;

namespace {

constexpr int kReadTimeoutMs = 60'000;

std::string position_key(const std::string& transactional_id) {
    std::string key = R"({"transactional_id":)";
    event::append_json_string(key, transactional_id);
    return key + "}";
}

} // namespace

ExactlyOnceStream::ExactlyOnceStream(const Options& options, kafka::Producer& producer,
                                     kafka::Acknowledgements& acknowledgements)
    : m_producer{producer}, m_acknowledgements{acknowledgements}, m_options{options},
      m_publisher{options, producer,
                  [this] {
                      commit();
                      open();
                  }},
      m_checkpoints{options.checkpoints} {
    m_topic = m_publisher.routes().side("checkpoints");
    read_position();
}

void ExactlyOnceStream::read_position() {
    kafka::TopicReader reader{m_options.settings, m_topic.name,
                              static_cast<int>(m_options.kafka.connect_timeout_ms)};
    const std::string wanted = position_key(m_options.transactional_id);
    std::string found;
    reader.read(
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
    m_stored_order = position["order"].get<std::string>();
    m_publisher.set_last_order(m_stored_order);
    if (position.contains("checkpoint") && position["checkpoint"].is_object()) {
        m_stored_checkpoint = position["checkpoint"];
        m_checkpoint = Json{{"checkpoint", m_stored_checkpoint}, {"ts_ms", base::now_ms()}}.dump();
        const auto state = m_stored_checkpoint.find("snapshot");
        m_stored_snapshot_done =
            state != m_stored_checkpoint.end() && (state->is_null() || *state == "done");
    }
    m_dropping = true;
    log::info("{} goes on behind order {}", in_quotes(m_options.transactional_id), m_stored_order);
}

bool ExactlyOnceStream::committed_before(std::string_view line) {
    if (!kafka::is_change(line)) {
        return false;
    }
    kafka::ChangeCut cut;
    kafka::cut_change(line, cut);
    if (cut.order > m_stored_order) {
        m_dropping = false;
        return false;
    }
    // Rows of an unfinished snapshot all have one order: how far it came, only its own
    // checkpoints say.
    return cut.op != 'r' || m_stored_snapshot_done;
}

void ExactlyOnceStream::check_identity(std::string_view line) {
    if (m_checked || !m_stored_checkpoint.is_object()) {
        return;
    }
    const auto now = event::parse_checkpoint(line, "checkpoint line");
    const auto stored = event::parse_checkpoint(m_checkpoint, "stored position");
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
    m_checked = true;
}

void ExactlyOnceStream::open() {
    if (!m_open) {
        m_producer.begin();
        m_open = true;
        m_opened_ms = base::steady_ms();
    }
}

void ExactlyOnceStream::publish(std::string_view line, std::uint64_t line_number) {
    while (true) {
        try {
            open();
            publish_line(m_publisher, m_options, line, line_number);
            m_lines += line;
            m_bounds.emplace_back(m_lines.size(), line_number);
            return;
        } catch (const kafka::TransactionAborted&) {
            start_again();
        }
    }
}

void ExactlyOnceStream::start_again() {
    std::string lines = std::exchange(m_lines, {});
    lines.append(event::LinePredictor::kPadding, '\0');
    const auto bounds = std::exchange(m_bounds, {});
    log::warning("the transaction was aborted; its {} lines are sent again", bounds.size());
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    m_producer.abort();
    m_publisher.aborted();
    m_open = false;
    std::size_t start = 0;
    for (const auto& [end, line_number] : bounds) {
        publish(std::string_view{lines}.substr(start, end - start), line_number);
        start = end;
    }
    open();
}

void ExactlyOnceStream::send_position() {
    const std::string key = position_key(m_options.transactional_id);
    Json checkpoint;
    if (!m_checkpoint.empty()) {
        checkpoint = Json::parse(m_checkpoint)["checkpoint"];
    }
    const std::string value = Json{
        {"order", m_publisher.last_order()},
        {"checkpoint", checkpoint},
        {"ts_ms", base::now_ms()}}.dump();
    kafka::OutgoingRecord record;
    record.key = key;
    record.value = value;
    m_publisher.send(m_topic, record);
}

void ExactlyOnceStream::commit() {
    while (m_open) {
        try {
            send_position();
            if (m_producer.commit()) {
                break;
            }
        } catch (const kafka::TransactionAborted&) {
        }
        start_again();
    }
    m_open = false;
    m_lines.clear();
    m_bounds.clear();
    m_publisher.committed();
    m_acknowledgements.take_durable();
    if (m_checkpoint_new) {
        m_checkpoint_new = false;
        m_checkpoints.durable(m_checkpoint);
    }
}

void ExactlyOnceStream::take(std::string_view line, std::uint64_t line_number) {
    if (m_dropping && committed_before(line)) {
        if (m_dropped++ == 0) {
            log::info("dropping lines that were committed before");
        }
        return;
    }
    const bool checkpoint = is_checkpoint(line);
    if (checkpoint) {
        check_identity(line);
    }
    publish(line, line_number);
    if (checkpoint) {
        m_checkpoint.assign(line);
        m_checkpoint_new = true;
    }
    if (m_bounds.size() >= m_options.transaction_rows ||
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
    if (m_open) {
        commit();
    }
    m_checkpoints.write_due(true);
    if (m_dropped > 0) {
        log::info("{} lines were dropped: they had been committed before", m_dropped);
    }
    return true;
}

} // namespace cdc::publish
