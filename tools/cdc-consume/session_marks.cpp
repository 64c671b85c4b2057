#include "cdc-consume/session.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "kafka/topic_pattern.hpp"

#include <algorithm>

/// Reading from mark to mark: every partition exactly up to the last one.
namespace cdc::consume {

namespace log = base::log;

namespace {

constexpr int kLagMs = 20; ///< a wait for a partition that others may be ahead of
/// Marks that lie there together are one cut, up to about so many records.
constexpr std::int64_t kRecordsOfCut = 50'000;
constexpr std::int64_t kTellHeldMs = 30'000;

} // namespace

void Session::take_mark(const kafka::IncomingRecord& record, Place& place) {
    place.next = record.offset + 1;
    place.held = record.offset; // read first after a start: it says where the partitions are
    place.at_end = false;
    if (!record.key) {
        return;
    }
    if (!record.value) {
        m_marks->forget(*record.key);
        m_marked = true;
        return;
    }
    for (const kafka::TopicPartition& at : m_marks->take(*record.key, *record.value)) {
        take_shrunk(at);
    }
    m_marked = true;
    const auto unknown = [this](const auto& limit) {
        const Place* known = m_places.find(limit.first);
        return (known == nullptr || !known->own) && m_unread.count(limit.first) == 0 &&
               std::any_of(m_matchers.begin(), m_matchers.end(),
                           [&](const auto& matches) { return matches(limit.first.topic); });
    };
    m_new_places =
        m_new_places || std::any_of(m_marks->limits().begin(), m_marks->limits().end(), unknown);
}

/// The topic was made anew: what lies there has offsets that were read already.
void Session::take_shrunk(const kafka::TopicPartition& at) {
    const Place* place = m_places.find(at);
    const std::int64_t limit = m_marks->limit(at);
    if (place == nullptr || !place->own || place->next <= limit) {
        return;
    }
    const base::Error lost = lost_place(
        fmt::format("topic {} partition {} ends at offset {} in the last mark, before the position "
                    "{}: it was made anew",
                    base::in_quotes(at.topic), at.partition, limit, place->next));
    if (!m_options.begin_again) {
        throw lost;
    }
    log::warning("{}; going on at its beginning", lost.what());
    m_acknowledged->forget(at);
    m_committed.erase(at);
    m_made_anew.push_back(at);
}

/// Topics that a mark names and that were made since the last look.
void Session::look_for_marked() {
    m_new_places = false;
    m_consumer->assign(m_options.topics, kTopicsTimeoutMs);
    for (const auto& [at, limit] : m_marks->limits()) {
        if (m_places.find(at) == nullptr && m_unread.insert(at).second) {
            log::debug("{}:{} is in a mark, and not there or not asked for", at.topic,
                       at.partition);
        }
    }
}

/// How many records lie before the limits and were not read.
std::int64_t Session::records_of_cut() const {
    std::int64_t records = 0;
    for (const auto& [at, place] : m_places.all()) {
        records += std::max<std::int64_t>(m_marks->limit(at) - place.next, 0);
    }
    return records;
}

int Session::read_marks(int timeout_ms) {
    const kafka::TopicPartition at{m_marks->topic(), 0};
    if (m_places.find(at) == nullptr) {
        return m_consumer->poll(timeout_ms); // the topic is still to come
    }
    m_marked = false;
    int marks = m_consumer->read_one(at, timeout_ms);
    while (marks > 0 && records_of_cut() < kRecordsOfCut && m_consumer->read_one(at, 0) > 0) {
        ++marks;
    }
    for (const kafka::TopicPartition& made : m_made_anew) {
        m_consumer->start_again(made);
    }
    m_made_anew.clear();
    if (m_new_places) {
        look_for_marked();
    }
    if (m_marked) {
        m_held_ms = m_cut_open ? m_held_ms : base::steady_ms();
        m_cut_open = true;
    }
    return marks;
}

/// Once a wait: a publisher that does not run, or whose stream has another name now, is waited for
/// without an end.
void Session::tell_held(const Marks::Holder& by) {
    if (m_held_ms == 0 || base::steady_ms() - m_held_ms < kTellHeldMs) {
        return;
    }
    m_held_ms = 0;
    const std::string why =
        by.ahead
            ? fmt::format("the last mark of the stream {} in {} lies before changes of topic {} "
                          "partition {}",
                          by.key, m_marks->topic(), base::in_quotes(by.ahead->topic),
                          by.ahead->partition)
            : fmt::format("the last mark of the stream {} in {} lies before the last line", by.key,
                          m_marks->topic());
    log::warning("no checkpoint line for {} s: {}. Does its cdc-publish run? If the stream has "
                 "another name now: a record with this key and no value ends the wait",
                 kTellHeldMs / 1000, why);
}

/// True when every partition is at its limit.
bool Session::read_to_limits(int& records) {
    const kafka::TopicPartition* behind = nullptr;
    for (const auto& [at, place] : m_places.all()) {
        const std::int64_t limit = m_marks->limit(at);
        if (at.topic == m_marks->topic() || !place.own) {
            continue;
        }
        if (place.next >= limit) {
            m_consumer->read_before(at, 0, 0); // nothing, or that its topic is another now
            continue;
        }
        records += m_consumer->read_before(at, limit, 0);
        if (m_consumer->holds_from(at, limit)) {
            m_places.find(at)->next = limit; // compaction took the last records before it
        } else if (place.next < limit) {
            behind = &at;
        }
    }
    if (behind != nullptr && records == 0) {
        if (m_writer.ready()) {
            m_writer.submit();
        }
        records += m_consumer->read_before(*behind, m_marks->limit(*behind), kLagMs);
    }
    return behind == nullptr;
}

int Session::take_marked() {
    if (!wait_for_output()) {
        return 0;
    }
    m_consumer->poll(0); // what concerns no partition
    int records = 0;
    if (!read_to_limits(records) || !can_take()) {
        return records;
    }
    if (m_cut_open) {
        if (const auto holder = m_marks->held_by(m_places)) {
            tell_held(*holder);
        } else {
            m_cut_open = false;
            write_checkpoint();
        }
    }
    if (m_writer.ready()) {
        m_writer.submit();
    }
    m_emitter.waited();
    read_marks(kTurnMs);
    return records;
}

/// Rows of a snapshot have the order of its beginning or end, which may be ahead of the stream's.
void Session::note_order(Place& place, std::string_view line) {
    if (m_emitter.last_order() > place.highest && line.find(R"("op":"r")") == line.npos) {
        place.highest.assign(m_emitter.last_order());
    }
}

/// The cut's checkpoint is written too: its last records may have come in the turn that ends.
bool Session::at_last_mark() const {
    const auto marks = m_places.all().find({m_marks->topic(), 0});
    const bool written = !m_cut_open || !m_marks->are_exact(m_places);
    return written && records_of_cut() == 0 &&
           (marks == m_places.all().end() || marks->second.at_end);
}

} // namespace cdc::consume
