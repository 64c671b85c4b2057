#include "cdc-consume/session.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "event/checkpoint.hpp"
#include "event/column_cipher.hpp"
#include "event/dead_letter.hpp"
#include "io/stop_signal.hpp"
#include "kafka/topic_reader.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr std::int64_t kCommitEveryMs = 500;
constexpr const char* kTopicIds = "topic_ids"; ///< members of checkpoints
constexpr const char* kTopicPartitions = "topic_partitions";
constexpr std::int64_t kTellHiddenMs = 2'000;
constexpr std::int64_t kLookMs = 500; ///< between two questions about the group

} // namespace

Session::Session(const Options& options)
    : m_options{options}, m_table_lines{options},
      m_emitter{options,
                m_table_lines,
                {[this](const std::string& topic) {
                     return m_consumer->count_partitions({topic}, kTopicsTimeoutMs);
                 },
                 [this](const std::string& topic, bool whole, const auto& handler) {
                     read_topic(topic, whole, handler);
                 },
                 [this](const std::string& topic) {
                     return grown_text(topic);
                 }}},
      m_writer{STDOUT_FILENO}, m_figures{options.metrics} {
    m_consumer = std::make_unique<kafka::Consumer>(
        options.settings, options.group, static_cast<int>(options.kafka.connect_timeout_ms), *this);
    if (!options.marks_topic.empty()) {
        m_marks.emplace(options.marks_topic);
        for (const std::string& wanted : options.topics) {
            m_matchers.emplace_back(wanted);
        }
        m_consumer->separate();
    }
    m_cluster = m_consumer->cluster();
    m_acknowledged = std::make_unique<Acknowledged>(options, m_cluster);
    for (const event::Checkpoint& held : m_acknowledged->held()) {
        if (const auto ids = held.extra.find(kTopicIds);
            ids != held.extra.end() && ids->is_object()) {
            for (const auto& [topic, id] : ids->items()) {
                m_file_ids[topic] = id.is_string() ? id.get<std::string>() : "";
            }
        }
        if (const auto counts = held.extra.find(kTopicPartitions);
            counts != held.extra.end() && counts->is_object()) {
            for (const auto& [topic, count] : counts->items()) {
                m_partitions[topic] = count.is_number_integer() ? count.get<int>() : 0;
                if (m_partitions[topic] > 0) {
                    m_file_partitions[topic] = m_partitions[topic];
                }
            }
        }
        if (m_marks) {
            m_marks->go_on_behind(held);
        }
    }
    m_record_ms = m_checkpoint_ms = m_topics_ms = m_ids_ms = base::steady_ms();
}

void Session::read_topic(const std::string& topic, bool whole,
                         const kafka::TopicReader::Handler& handler) const {
    kafka::TopicReader reader{m_options.settings, topic,
                              static_cast<int>(m_options.kafka.connect_timeout_ms)};
    if (whole) {
        reader.read(handler, kTopicsTimeoutMs);
    } else {
        reader.read_last(handler, kTopicsTimeoutMs);
    }
}

bool Session::can_take() {
    if (m_done) {
        return false;
    }
    if (!m_writer.full()) {
        return true;
    }
    if (m_writer.ready()) {
        m_writer.submit();
        return true;
    }
    return false;
}

void Session::record(const kafka::IncomingRecord& record) {
    Place* place =
        m_places.find(record.topic, m_consumer->topic_name(record.topic), record.partition);
    if (place == nullptr || !place->takes(record.offset)) {
        return;
    }
    if (m_options.until_ms >= 0 && record.timestamp_ms >= m_options.until_ms) {
        place->past_until = true;
        return;
    }
    if (m_marks && m_consumer->topic_name(record.topic) == m_marks->topic()) {
        take_mark(record, *place);
        return;
    }
    Emitted what = Emitted::nothing;
    const std::size_t start = m_writer.buffer().size();
    try {
        what = m_emitter.append(m_writer.buffer(), record, m_consumer->topic_name(record.topic),
                                record.offset < place->end,
                                {place->order, record.offset == place->next});
        if (!m_options.ciphers.empty()) {
            event::decrypt_values(m_writer.buffer(), start, m_options.ciphers);
        }
    } catch (const Error& error) {
        const Error placed{error.code(),
                           fmt::format("topic {} partition {} offset {}: {}",
                                       in_quotes(m_consumer->topic_name(record.topic)),
                                       record.partition, record.offset, error.what()),
                           error.hint()};
        if (error.code() != ExitCode::bad_data || m_options.on_error == "stop") {
            throw placed;
        }
        m_writer.buffer().resize(start);
        m_emitter.taken_back(record.topic);
        dead_letter(record, placed);
    }
    ++place->records;
    ++m_records;
    m_bytes_read += record.key.value_or("").size() + record.value.value_or("").size();
    place->next = record.offset + 1;
    place->at_end = false;
    if (what == Emitted::begin || what == Emitted::end) {
        place->begin = what == Emitted::begin ? record.offset : -1;
        place->held = -1;
    } else if (what == Emitted::change) {
        place->held = record.key ? place->held : place->begin;
        place->order.assign(m_emitter.last_order());
        if (m_marks) {
            note_order(*place, std::string_view{m_writer.buffer()}.substr(start));
        }
        m_newest_ms = std::max(m_newest_ms, record.timestamp_ms);
        m_done = ++m_events == m_options.max_events;
    } else if (what == Emitted::nothing) {
        ++m_passed_over;
    }
}

void Session::dead_letter(const kafka::IncomingRecord& record, const Error& error) {
    m_figures.dead_letters.add();
    log::warning("a record becomes a dead letter: {}", error.what());
    event::append_dead_letter(m_options.dead_letter,
                              event::dead_letter_line(error, "cdc-consume", std::nullopt,
                                                      m_consumer->topic_name(record.topic),
                                                      record.value.value_or("")));
}

void Session::reached_end(const kafka::TopicPartition& at, std::int64_t offset) {
    Place* place = m_places.find(at);
    if (place == nullptr || !place->own || place->leaving || place->past_until) {
        return;
    }
    // Ends of transactions have offsets of their own.
    place->next = std::max(place->next, offset);
    place->at_end = true;
    if (place->whole_end < 0) {
        place->whole_end = m_consumer->known_end(at).value_or(place->next);
    }
}

void Session::write_checkpoint() {
    event::Checkpoint checkpoint;
    const kafka::Offsets now = m_places.positions();
    checkpoint.kind = "kafka";
    checkpoint.server = m_cluster;
    checkpoint.slot = m_options.group;
    checkpoint.position = kafka::format_offsets(now);
    checkpoint.order = m_marks
                           ? m_marks->order()
                           : event::Order::parse(m_places.lowest_order()).value_or(event::Order{});
    if (m_marks) {
        checkpoint.extra[kafka::kMarksMember] = true;
        checkpoint.extra[kafka::kStreamsMember] = m_marks->written();
        if (const auto source = m_marks->source()) {
            checkpoint.extra[kafka::kSourceMember] = source->members();
        }
    }
    if (const auto ids = known_ids(); !ids.empty()) {
        checkpoint.extra[kTopicIds] = ids;
        auto& counts = checkpoint.extra[kTopicPartitions] = nlohmann::ordered_json::object();
        for (const auto& [topic, id] : ids) {
            counts[topic] = m_partitions.at(topic);
        }
    }
    checkpoint.commit_ts_ms = m_marks ? m_marks->commit_ts_ms() : m_newest_ms;
    checkpoint.ts_ms = base::now_ms();
    m_writer.buffer() += checkpoint.encode();
    m_writer.buffer() += '\n';
    m_acknowledged->emitted(m_writer.submitted() + m_writer.buffer().size(), now);
    m_last_positions = now;
    m_checkpoint_ms = base::steady_ms();
}

bool Session::at_ends() const {
    const bool time_is_over = m_options.until_ms >= 0 && base::now_ms() >= m_options.until_ms;
    return std::all_of(m_places.all().begin(), m_places.all().end(), [&](const auto& entry) {
        const Place& place = entry.second;
        return !place.own || place.past_until ||
               (place.at_end && !place.hides() && (m_options.exit_at_end || time_is_over));
    });
}

/// The client tells an end with an answer that has waited for records in vain, fetch.wait.max.ms.
/// Where the last record stands before the end that came with it, nothing is waited for. True when
/// now all ends are reached.
bool Session::note_ends() {
    if (!m_options.exit_at_end) {
        return false;
    }
    bool noted = false;
    for (const auto& [at, known] : m_places.all()) {
        if (known.at_end || !known.takes(known.next) || known.next < known.end ||
            known.next < m_consumer->known_end(at).value_or(known.end)) {
            continue;
        }
        m_places.find(at)->at_end = true;
        noted = true;
    }
    return noted && at_ends();
}

bool Session::finished() {
    if (m_done || io::stop_signal::requested()) {
        return true;
    }
    const std::int64_t now = base::steady_ms();
    if (m_options.until_idle_ms >= 0 && now - m_record_ms >= m_options.until_idle_ms) {
        return true;
    }
    if (!m_assigned || (!m_options.exit_at_end && m_options.until_ms < 0)) {
        return false;
    }
    if (!(m_marks ? at_last_mark() : at_ends()) || now - m_look_ms < kLookMs) {
        tell_hidden(now);
        return false;
    }
    m_look_ms = now;
    return !others_are_there();
}

/// Once, when nothing else is waited for.
void Session::tell_hidden(std::int64_t now_ms) {
    const auto& places = m_places.all();
    const auto hidden = std::find_if(places.begin(), places.end(), [](const auto& entry) {
        return entry.second.own && entry.second.at_end && entry.second.hides();
    });
    if (m_said_hidden || m_marks || hidden == places.end() || !m_places.at_ends()) {
        m_hidden_ms = 0;
        return;
    }
    m_hidden_ms = m_hidden_ms == 0 ? now_ms : m_hidden_ms;
    if (now_ms - m_hidden_ms >= kTellHiddenMs) {
        m_said_hidden = true;
        log::info("waiting for an open transaction in topic {} partition {}, which hides what "
                  "others committed behind its beginning",
                  in_quotes(hidden->first.topic), hidden->first.partition);
    }
}

/// While the output is stuck the partitions rest, and the group still hears of us. Not at once:
/// librdkafka forgets what it has fetched of a partition that rests, and up to a second passes
/// before it fetches again; a stage behind us that stores what it has is back before that.
bool Session::wait_for_output() {
    if (!m_writer.full() || m_writer.ready() || m_writer.wait_ready(kTurnMs)) {
        m_stuck_ms = 0;
        m_consumer->resume();
        return true;
    }
    const std::int64_t now = base::steady_ms();
    m_stuck_ms = m_stuck_ms == 0 ? now : m_stuck_ms;
    if (now - m_stuck_ms >= kRestAfterMs) {
        m_consumer->pause();
        m_consumer->poll(0);
    }
    return false;
}

/// Records that are there fill the buffer; only who would wait for more hands over what it holds.
int Session::take_records() {
    if (m_marks) {
        return take_marked();
    }
    if (!wait_for_output()) {
        return 0;
    }
    const int records = m_consumer->poll(0);
    if (records > 0) {
        return records;
    }
    if (m_writer.ready()) {
        m_writer.submit();
    }
    m_emitter.waited();
    return note_ends() ? 0 : m_consumer->poll(kTurnMs);
}

void Session::turn() {
    const std::uint64_t before = m_records;
    const int records = take_records();
    if (m_records != before) {
        m_figures.batch_records.observe(static_cast<std::int64_t>(m_records - before));
    }
    const std::int64_t now = base::steady_ms();
    // Records that the output keeps waiting, or that a broker does not bring, are no silence.
    if (records > 0 || m_stuck_ms != 0 || !(m_marks ? at_last_mark() : m_places.at_ends())) {
        m_record_ms = now;
    }
    // A partition that leaves waits for a checkpoint that holds its last line.
    const bool needed = !m_leaving_at.empty() && m_last_positions != m_places.positions();
    const std::int64_t since = now - m_checkpoint_ms;
    if (m_marks) {
        // A checkpoint line is a cut: one stands behind each mark.
    } else if (needed || since >= m_options.heartbeat_ms ||
               (since >= m_options.checkpoint_interval_ms &&
                m_last_positions != m_places.positions())) {
        write_checkpoint();
    }
    m_writer.check();
    m_acknowledged->look(m_writer.written());
    if (now - m_commit_ms >= kCommitEveryMs) {
        commit(false);
    }
    let_go();
    look_for_topics(now);
    if (m_options.topics_refresh_ms >= 0 && now - m_ids_ms >= m_options.topics_refresh_ms) {
        check_topic_ids();
    }
    show();
}

void Session::show(bool last) {
    m_figures.changes.set(static_cast<std::int64_t>(m_events));
    m_figures.passed_over.set(static_cast<std::int64_t>(m_passed_over));
    m_figures.bytes.set(static_cast<std::int64_t>(m_writer.written()));
    m_figures.records.set(static_cast<std::int64_t>(m_records));
    m_figures.read.set(static_cast<std::int64_t>(m_bytes_read));
    m_figures.partitions.set(m_places.count_own());
    if (m_newest_ms != 0) {
        m_figures.newest_time.set(m_newest_ms);
        m_figures.behind.set((m_marks ? at_last_mark() : m_places.at_ends()) ? 0 : m_newest_ms);
    }
    m_figures.count(m_places, last);
    m_figures.show();
}

void Session::finish() {
    const std::int64_t deadline = base::steady_ms() + m_options.drain_ms;
    const auto left = [&] {
        return static_cast<int>(std::max<std::int64_t>(deadline - base::steady_ms(), 0));
    };
    if (!m_marks && m_last_positions != m_places.positions()) {
        write_checkpoint();
    }
    m_consumer->pause();
    while (!m_writer.ready() && left() > 0 && io::stop_signal::count() < 2) {
        m_writer.wait_ready(kTurnMs);
        m_consumer->poll(0);
    }
    if (!m_writer.finish(left())) {
        base::fail(ExitCode::failed, "the output did not take all lines within --drain");
    }
    ::close(STDOUT_FILENO); // the next stage reads to this end and stores what it has
    // Not the partitions that came meanwhile, of which nothing was written.
    const kafka::Offsets& wanted = m_last_positions;
    const bool wait = m_acknowledged->used() && !wanted.empty();
    while (wait && !m_acknowledged->covers(wanted)) {
        if (left() == 0 || io::stop_signal::count() >= 2) {
            commit(true);
            base::fail(ExitCode::failed,
                       "the last lines were not acknowledged within --drain; they come again");
        }
        m_consumer->poll(20);
        m_acknowledged->look(m_writer.written());
        let_go();
    }
    commit_last(deadline);
    m_consumer->close();
}

/// Before anything is read: a name that nobody has would be waited for without a word.
void Session::check_topics() {
    const std::vector<std::string> topics = m_consumer->topics();
    std::size_t unmet = 0;
    for (const kafka::TopicPattern& pattern : m_options.patterns) {
        if (std::any_of(topics.begin(), topics.end(), kafka::TopicMatcher{pattern.wanted})) {
            continue;
        }
        ++unmet;
        if (m_options.allow_no_match) {
            log::warning("{}", kafka::unmet_text(pattern));
            continue;
        }
        if (pattern.wanted[0] != '^') {
            m_consumer->refuse_hidden_topic(pattern.wanted);
        }
        const std::string near = kafka::near_topic(pattern, topics);
        throw Error{ExitCode::refused, kafka::unmet_text(pattern),
                    (near.empty() ? "" : fmt::format("Did you mean {}? ", in_quotes(near))) +
                        "If it was removed, or is still to come: --allow-no-match"};
    }
    // Nothing will be given to us, which is an end too.
    m_assigned = m_options.group.empty() && unmet == m_options.patterns.size();
}

void Session::run() {
    check_topics();
    if (m_options.group.empty()) {
        m_consumer->assign(m_options.topics);
    } else {
        m_consumer->subscribe(m_options.topics);
    }
    while (!finished()) {
        turn();
    }
    check_topic_ids();
    finish();
    show(true);
    log::debug("{} changes, {} records passed over", m_events, m_passed_over);
}

} // namespace cdc::consume
