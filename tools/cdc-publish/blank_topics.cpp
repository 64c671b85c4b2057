#include "cdc-publish/blank_topics.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "event/json_cursor.hpp"
#include "event/line_predictor.hpp"

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;

std::string BlankTopics::topic_of(const kafka::ChangeCut& cut) const {
    return cut.op == 'm'
               ? m_routes.side_name("message")
               : m_routes.name_of(kafka::plain_name(cut.db), kafka::plain_name(cut.schema),
                                  kafka::plain_name(cut.table));
}

BlankTopics::State BlankTopics::look_at(const std::string& topic) {
    const auto known = m_states.find(topic);
    if (known != m_states.end()) {
        return known->second;
    }
    if (m_topics.empty()) {
        m_topics = m_producer.topics();
    }
    const auto found = m_topics.find(topic);
    const State state = found == m_topics.end() ? State::missing
                        : found->second == 0    ? State::used // brokers that do not say
                        : m_producer.had_records(topic, found->second) ? State::used
                                                                       : State::empty;
    return m_states.emplace(topic, state).first->second;
}

void BlankTopics::check(const kafka::ChangeCut& cut) {
    if (m_options.envelope == Envelope::flat && (cut.op == 't' || cut.op == 'm')) {
        return; // they have no record
    }
    m_names.assign(1, cut.op == 'm' ? 'm' : 't').append(cut.db).append(cut.schema);
    m_names += cut.table;
    if (m_names == m_checked) {
        return;
    }
    const std::string topic = topic_of(cut);
    const State state = look_at(topic);
    if (state == State::empty && m_options.on_error == "dead-letter") {
        base::log::warning("lines for topic {} were committed before and are dropped, and it has "
                           "never had a record: they became dead letters, or it was made anew",
                           in_quotes(topic));
    } else if (state != State::used) {
        throw Error{
            ExitCode::refused,
            fmt::format(
                "lines for topic {} were committed before by transactional id {} and would "
                "be dropped, but the topic {}: it was deleted since, or they went to one of "
                "another name",
                in_quotes(topic), in_quotes(m_options.transactional_id),
                state == State::missing ? "is not there" : "has never had a record"),
            "Give another --transactional-id from now on: all that the source repeats is sent "
            "again. "
            "What is older comes by cdc-snapshot"};
    }
    m_checked = m_names;
}

bool BlankTopics::hold(std::string_view line, std::uint64_t line_number) {
    event::JsonCursor cursor{line};
    const std::string_view kind = cursor.open('{') ? cursor.member_name() : std::string_view{};
    if (kind != "table" && kind != "snapshot" && kind != "facts" && kind != "mark") {
        return false;
    }
    kafka::ChangeCut cut;
    try {
        kafka::cut_source(event::json_member(line, "source"), cut);
    } catch (const Error&) {
        return false; // who sends it says what is wrong
    }
    if (cut.table.size() < 3 || look_at(topic_of(cut)) == State::used) {
        return false;
    }
    std::string text{line};
    text.append(event::LinePredictor::kPadding, '\0');
    m_held.push_back({std::move(text), line.size(), line_number});
    return true;
}

} // namespace cdc::publish
