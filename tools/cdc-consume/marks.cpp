#include "cdc-consume/marks.hpp"

#include "sources/executed_transactions.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::consume {

namespace {

/// Whether a stream of MySQL or MariaDB went on at another server: in a later history, with all
/// transactions of the mark before. Until then what comes again is still to be read.
bool follows(const event::Checkpoint& later, const event::Checkpoint& before) {
    if (later.kind != before.kind || later.database != before.database ||
        later.order.epoch() <= before.order.epoch()) {
        return false;
    }
    const auto told = sources::ExecutedTransactions::of(later);
    const auto had = sources::ExecutedTransactions::of(before);
    return told && had && told->related(*had) && told->contains(*had);
}

} // namespace

std::vector<kafka::TopicPartition> Marks::take(std::string_view key, std::string_view value) {
    kafka::CutMark mark = kafka::parse_cut_mark(value);
    std::vector<kafka::TopicPartition> shrunk;
    const auto last = m_marks.find(key);
    for (const auto& [place, end] : mark.offsets) {
        m_limits[place] = end;
        if (last != m_marks.end()) {
            const auto before = last->second.offsets.find(place);
            if (before != last->second.offsets.end() && end < before->second) {
                shrunk.push_back(place);
            }
        }
    }
    const auto ended = [&](const auto& entry) {
        return entry.first != key && follows(mark.checkpoint, entry.second.checkpoint);
    };
    std::erase_if(m_marks, ended);
    if (!shrunk.empty()) {
        m_cut.erase(std::string{key}); // the source may be another one
    }
    m_marks.insert_or_assign(std::string{key}, std::move(mark));
    return shrunk;
}

void Marks::forget(std::string_view key) {
    std::erase_if(m_marks, [&](const auto& entry) { return entry.first == key; });
    std::erase_if(m_cut, [&](const auto& entry) { return entry.first == key; });
}

void Marks::go_on_behind(const event::Checkpoint& checkpoint) {
    const auto streams = checkpoint.extra.find(kafka::kStreamsMember);
    if (streams == checkpoint.extra.end() || !streams->is_array()) {
        return; // an older version's
    }
    for (nlohmann::ordered_json stream : *streams) {
        if (!stream.is_object()) {
            continue;
        }
        const auto told = stream.find("order");
        const auto order = told != stream.end() && told->is_string()
                               ? event::Order::parse(told->get<std::string>())
                               : std::nullopt;
        stream.erase("order");
        if (order) {
            event::Order& cut = m_cut.try_emplace(stream.dump(), *order).first->second;
            cut = std::min(cut, *order);
        }
    }
}

nlohmann::ordered_json Marks::written() {
    auto streams = nlohmann::ordered_json::array();
    m_cut.clear();
    for (const auto& [key, mark] : m_marks) {
        m_cut[key] = mark.checkpoint.order;
        auto stream = nlohmann::ordered_json::parse(key, nullptr, false);
        if (!stream.is_object()) {
            continue; // not of cdc-publish
        }
        stream["order"] = mark.checkpoint.order.text();
        streams.push_back(std::move(stream));
    }
    return streams;
}

std::int64_t Marks::limit(const kafka::TopicPartition& place) const {
    const auto found = m_limits.find(place);
    return found == m_limits.end() ? 0 : found->second;
}

/// cdc-transform's marks of several sources are of one output: the last of them counts.
std::string Marks::highest_output(const kafka::TopicPartition& at) const {
    event::Order highest;
    for (const auto& [key, mark] : m_marks) {
        if (mark.highest && mark.offsets.contains(at)) {
            highest = std::max(highest, *mark.highest);
        }
    }
    return highest.text();
}

std::optional<Marks::Holder> Marks::held_by(const Places& places) const {
    for (const auto& [key, mark] : m_marks) {
        const std::string order = mark.checkpoint.order.text();
        const auto cut = m_cut.find(key);
        if (cut != m_cut.end() && mark.checkpoint.order < cut->second) {
            return Holder{key, std::nullopt};
        }
        for (const auto& [at, end] : mark.offsets) {
            const auto place = places.all().find(at);
            if (place != places.all().end() &&
                (mark.highest ? place->second.highest > highest_output(at)
                              : place->second.highest >= order)) {
                return Holder{key, at};
            }
        }
    }
    return std::nullopt;
}

event::Order Marks::order() const {
    const auto lowest =
        std::min_element(m_marks.begin(), m_marks.end(), [](const auto& a, const auto& b) {
            return a.second.checkpoint.order < b.second.checkpoint.order;
        });
    return lowest == m_marks.end() ? event::Order{} : lowest->second.checkpoint.order;
}

std::optional<event::Checkpoint> Marks::source() const {
    if (m_marks.size() != 1) {
        return std::nullopt;
    }
    const kafka::CutMark& mark = m_marks.begin()->second;
    if (mark.highest || mark.checkpoint.beside_stream()) {
        return std::nullopt;
    }
    event::Checkpoint source = mark.checkpoint;
    source.snapshot = nullptr;
    for (auto member = source.extra.begin(); member != source.extra.end();) {
        const bool kept = sources::ExecutedTransactions::is_member(member.key());
        member = kept ? std::next(member) : source.extra.erase(member);
    }
    return source;
}

std::int64_t Marks::commit_ts_ms() const {
    std::int64_t newest = 0;
    for (const auto& [key, mark] : m_marks) {
        newest = std::max(newest, mark.checkpoint.commit_ts_ms);
    }
    return newest;
}

} // namespace cdc::consume
