#include "cdc-consume/session.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

/// Which partitions are read, from where, and what is committed of them.
namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr int kPollMs = 100;
constexpr int kLookTimeoutMs = 1'000;

} // namespace

Error Session::lost_place(const std::string& what) {
    return {ExitCode::position_lost, what,
            "Go on with what is there by --begin-again, and bring what is missing by cdc-verify "
            "--repair"};
}

Error Session::made_anew_meanwhile(const std::string& topic) {
    return lost_place(fmt::format("topic {} was made anew while it was read: its first records may "
                                  "not have been read",
                                  in_quotes(topic)));
}

std::int64_t Session::start_of(const kafka::TopicPartition& place, const kafka::Offsets& committed,
                               const kafka::Offsets& by_time, const TopicIds& ids, bool is_new) {
    const auto [low, high] = m_consumer->bounds(place);
    m_ends[place] = high;
    if (m_started.count(place) == 0) {
        if (m_options.from == From::beginning) {
            return low;
        }
        if (m_options.from == From::end) {
            return is_new ? low : high;
        }
        if (m_options.from == From::time) {
            return by_time.at(place);
        }
    }
    std::int64_t start = -1;
    const auto given = m_options.from_offsets.find(place);
    if (given != m_options.from_offsets.end() && m_started.count(place) == 0) {
        start = given->second;
    } else {
        for (const kafka::Offsets* offsets : {&committed, &m_acknowledged->offsets()}) {
            const auto found = offsets->find(place);
            start = std::max(start, found == offsets->end() ? -1 : found->second);
        }
    }
    const auto id = ids.find(place.topic);
    const std::string known = known_id(place);
    const bool made_anew = !known.empty() && id != ids.end() && id->second.id != known;
    if (start < 0 && made_anew && m_started.count(place) > 0) {
        // The group's offsets went with the topic.
        const Error lost = made_anew_meanwhile(place.topic);
        if (!m_options.begin_again) {
            throw lost;
        }
        log::warning("{}; going on at offset {}", lost.what(), low);
        m_partitions[place.topic] = id->second.partitions;
        m_grown.erase(place.topic);
        return low;
    }
    if (start < 0) {
        check_first(place, low, committed);
        return low;
    }
    const bool another = start > low && made_anew;
    if (start < low || start > high || another) {
        const Error lost = lost_place(
            another ? fmt::format("topic {} was made anew: the position {} of partition {} is "
                                  "one of the topic that was there before",
                                  in_quotes(place.topic), start, place.partition)
            : start < low ? fmt::format("topic {} partition {}: offsets {} to {} are gone",
                                        in_quotes(place.topic), place.partition, start, low - 1)
                          : fmt::format("topic {} partition {} ends at offset {}, before the "
                                        "position {}: it was made anew",
                                        in_quotes(place.topic), place.partition, high, start));
        if (!m_options.begin_again) {
            throw lost;
        }
        log::warning("{}; going on at offset {}", lost.what(), low);
        m_acknowledged->forget(place);
        m_committed.erase(place);
        if (another) {
            m_partitions[place.topic] = id->second.partitions;
            m_grown.erase(place.topic);
        }
        return low;
    }
    return start;
}

/// A partition that is read for the first time, although its topic was read before: it is to be
/// read from its beginning.
void Session::check_first(const kafka::TopicPartition& place, std::int64_t low,
                          const kafka::Offsets& committed) const {
    if (low <= 0 || m_started.count(place) > 0) {
        return;
    }
    const auto before = m_file_partitions.find(place.topic);
    const std::string what =
        fmt::format("topic {} partition {}, which was not read before: offsets 0 to {} are gone",
                    in_quotes(place.topic), place.partition, low - 1);
    if (before != m_file_partitions.end() && place.partition >= before->second) {
        if (!m_options.begin_again) {
            throw lost_place(what);
        }
        log::warning("{}; going on at offset {}", what, low);
        return;
    }
    const auto is_other = [&](const auto& entry) {
        return entry.first.topic == place.topic;
    };
    const kafka::Offsets& held = m_acknowledged->offsets();
    if (std::any_of(committed.begin(), committed.end(), is_other) ||
        std::any_of(m_committed.begin(), m_committed.end(), is_other) ||
        std::any_of(held.begin(), held.end(), is_other)) {
        log::warning("{}; cdc-verify shows whether anything is missing", what);
    }
}

/// Of the topic that the partition's position is of; empty: not known.
std::string Session::known_id(const kafka::TopicPartition& place) const {
    if (m_started.count(place) > 0) {
        const auto found = m_ids.find(place);
        return found == m_ids.end() ? "" : found->second;
    }
    const auto found = m_file_ids.find(place.topic);
    return found == m_file_ids.end() ? "" : found->second;
}

std::map<std::string, std::string> Session::known_ids() const {
    std::map<std::string, std::string> ids;
    for (const auto& [at, id] : m_ids) {
        const auto place = m_places.all().find(at);
        if (place != m_places.all().end() && place->second.own) {
            ids[at.topic] = id;
        }
    }
    return ids;
}

/// These, and those that are read.
Session::TopicIds Session::look_at_topics(std::set<std::string> topics, int timeout_ms) {
    m_ids_ms = base::steady_ms();
    for (const auto& [topic, id] : known_ids()) {
        topics.insert(topic);
    }
    const TopicIds found = m_consumer->topic_identities(topics, timeout_ms);
    for (const auto& [topic, now] : found) {
        const int before = m_partitions.try_emplace(topic, now.partitions).first->second;
        if (before > 0 && now.partitions > before && m_grown[topic] < now.partitions) {
            m_grown[topic] = now.partitions;
            m_emitter.forget_versions_seen();
        }
    }
    return found;
}

/// Why orders made of offsets no longer tell which of a key's changes is later; empty: they do.
std::string Session::grown_text(const std::string& topic) const {
    const auto found = m_grown.find(topic);
    return found == m_grown.end()
               ? ""
               : fmt::format("the topic has {} partitions, and had {} when it was first read",
                             found->second, m_partitions.at(topic));
}

void Session::check_topic_ids() {
    const auto known = known_ids();
    for (const auto& [topic, now] : look_at_topics({}, kLookTimeoutMs)) {
        if (now.id != known.at(topic)) {
            throw made_anew_meanwhile(topic);
        }
    }
}

/// Without a group, all partitions come at once.
void Session::check_from(const std::vector<kafka::TopicPartition>& places) const {
    for (const auto& [place, offset] : m_options.from_offsets) {
        if (std::find(places.begin(), places.end(), place) != places.end()) {
            continue;
        }
        const std::string what = fmt::format("--from: there is no partition {} of topic {}",
                                             place.partition, in_quotes(place.topic));
        if (!m_options.allow_no_match) {
            throw Error{ExitCode::refused, what,
                        "If the topic was removed or made anew, or is still to come: "
                        "--allow-no-match"};
        }
        log::warning("{}", what);
    }
}

kafka::Offsets Session::assigned(const std::vector<kafka::TopicPartition>& places,
                                 const kafka::Offsets& committed) {
    // Without a group, what comes later was made later.
    const bool is_new = m_assigned && m_options.group.empty();
    if (!m_assigned && m_options.group.empty()) {
        check_from(places);
    }
    m_assigned = true;
    m_rebalance_ms = base::steady_ms();
    m_said_waiting = false;
    kafka::Offsets by_time;
    if (m_options.from == From::time) {
        by_time = m_consumer->offsets_at(places, m_options.from_ms);
    }
    m_committed.insert(committed.begin(), committed.end());
    std::set<std::string> topics;
    for (const kafka::TopicPartition& at : places) {
        topics.insert(at.topic);
    }
    const TopicIds ids = look_at_topics(std::move(topics), kTopicsTimeoutMs);
    kafka::Offsets starts;
    for (const kafka::TopicPartition& at : places) {
        const std::int64_t start = start_of(at, committed, by_time, ids, is_new);
        m_started.insert(at);
        if (const auto id = ids.find(at.topic); id != ids.end()) {
            m_ids[at] = id->second.id;
        }
        starts[at] = start;
        m_places.start(at, start);
        m_places.find(at)->end = m_ends[at];
        log::debug("{}:{} from offset {}", at.topic, at.partition, start);
    }
    m_table_lines.set_topics(m_consumer->topics()); // after the ends of partitions
    m_emitter.forget_versions_seen();
    log::info("{} partitions came", places.size());
    return starts;
}

void Session::look_for_topics(std::int64_t now_ms) {
    if (!m_options.group.empty() || m_options.exit_at_end || m_options.topics_refresh_ms < 0 ||
        now_ms - m_topics_ms < m_options.topics_refresh_ms) {
        return;
    }
    m_topics_ms = now_ms;
    try {
        m_consumer->assign(m_options.topics, kLookTimeoutMs);
    } catch (const Error& error) {
        if (error.code() != ExitCode::failed) {
            throw;
        }
        log::debug("{}; again later", error.what());
    }
}

void Session::revoked(const std::vector<kafka::TopicPartition>& places, bool lost) {
    m_rebalance_ms = base::steady_ms();
    log::info("{} partitions {}", places.size(), lost ? "are lost" : "are wanted by others");
    for (const kafka::TopicPartition& at : places) {
        Place& place = *m_places.find(at);
        if (lost) {
            place.own = false;
            m_committed.erase(at);
            continue;
        }
        place.leaving = true;
        m_leaving.push_back(at);
        // Where nothing was written since the start, the group knows all there is to know.
        const auto last = m_last_positions.find(at);
        if (m_acknowledged->used() &&
            (last == m_last_positions.end() || last->second != place.position() ||
             !m_acknowledged->covers({{at, place.position()}}))) {
            m_leaving_at[at] = place.position();
        }
    }
    m_leaving_deadline_ms = base::steady_ms() + m_options.revoke_wait_ms;
}

/// At the end of its own partitions a member of a group is at the end of all only when it has all.
/// Others may be alive, and read the rest; or they were killed, and their partitions come to us
/// when the group has missed them for long enough. False: there are none, or they are alive.
bool Session::others_are_there() {
    if (m_options.group.empty()) {
        return false;
    }
    const auto own = static_cast<std::size_t>(m_places.count_own());
    std::size_t all = 0;
    try {
        all = m_consumer->count_partitions(m_options.topics, kLookTimeoutMs);
    } catch (const Error& error) {
        if (error.code() != ExitCode::failed) {
            throw;
        }
        log::debug("{}; again later", error.what());
        return true;
    }
    if (own >= all) {
        return false;
    }
    const std::int64_t wait = m_consumer->patience_ms();
    if (base::steady_ms() - m_rebalance_ms >= wait) {
        log::warning("stopped at the end of {} of {} partitions: other members of group {} have "
                     "the rest",
                     own, all, in_quotes(m_options.group));
        return false;
    }
    if (!m_said_waiting) {
        m_said_waiting = true;
        log::info("at the end of {} of {} partitions; if no member of group {} has the rest any "
                  "more, it comes within {} s",
                  own, all, in_quotes(m_options.group), wait / 1000);
    }
    return true;
}

void Session::commit(bool wait) {
    kafka::Offsets due;
    for (const auto& [at, offset] : m_acknowledged->offsets()) {
        const Place* place = m_places.find(at);
        const auto last = m_committed.find(at);
        if (place != nullptr && place->own && offset <= place->next &&
            (last == m_committed.end() || last->second < offset)) {
            due[at] = offset;
        }
    }
    if (due.empty() || m_options.group.empty()) {
        return;
    }
    m_consumer->commit(due, wait);
    for (const auto& [at, offset] : due) {
        m_committed[at] = offset;
    }
    m_commit_ms = base::steady_ms();
}

void Session::let_go() {
    if (m_leaving.empty()) {
        return;
    }
    const bool covered = m_acknowledged->covers(m_leaving_at);
    if (!covered && base::steady_ms() < m_leaving_deadline_ms) {
        return;
    }
    if (!covered) {
        log::warning("partitions leave before their last lines were acknowledged; their next "
                     "reader writes them again");
    }
    try {
        commit(true);
    } catch (const Error& error) {
        log::warning("{}; the partitions' next reader writes the last lines again", error.what());
    }
    for (const kafka::TopicPartition& at : m_leaving) {
        Place& place = *m_places.find(at);
        place.own = place.leaving = false;
        m_committed.erase(at);
    }
    m_consumer->release(m_leaving);
    m_leaving.clear();
    m_leaving_at.clear();
}

/// A broker that comes back, or a rebalance under way, refuses for a while. What others were given
/// meanwhile is no longer ours to commit.
void Session::commit_last(std::int64_t deadline_ms) {
    while (true) {
        try {
            commit(true);
            return;
        } catch (const Error& error) {
            if (error.code() != ExitCode::failed || base::steady_ms() >= deadline_ms ||
                io::stop_signal::count() >= 2) {
                throw;
            }
            log::debug("{}; again", error.what());
        }
        m_consumer->poll(kPollMs);
        let_go();
    }
}

} // namespace cdc::consume
