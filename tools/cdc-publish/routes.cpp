#include "cdc-publish/routes.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "event/json_writer.hpp"
#include "event/line_decoder.hpp"

#include <fmt/ranges.h>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

std::string json_text(const std::string& text) {
    std::string out;
    event::append_json_string(out, text);
    return out;
}

std::string text_of(std::string_view json) {
    return json.empty() || json == "null" ? std::string{} : event::json_string_value(json);
}

kafka::TopicSpec side_spec(const Options& options, const std::string& name) {
    kafka::TopicSpec spec;
    spec.replication = options.replication;
    spec.partitions = 1;
    if (name == "schema-changes" || name == "checkpoints") {
        // Read back as a table: what is not newer by key must never go away.
        spec.config["cleanup.policy"] = "compact";
    } else if (name == "dead-letter") {
        // A record that was too large for its own topic must find room here.
        spec.config["max.message.bytes"] = "90000000";
        spec.config["retention.ms"] = "-1";
    }
    return spec;
}

} // namespace

Routes::Routes(const Options& options, kafka::Producer& producer)
    : m_options{options}, m_producer{producer}, m_namer{options.prefix, options.topic_template} {}

Topic Routes::prepare(const std::string& name, const kafka::TopicSpec& spec) {
    auto facts = m_producer.describe(name);
    if (!facts) {
        if (m_options.no_create) {
            throw Error{ExitCode::refused, fmt::format("there is no topic {}", in_quotes(name)),
                        "Make it, or leave out --no-create"};
        }
        m_producer.create(name, spec);
        log::info("topic {} made", in_quotes(name));
        facts = m_producer.describe(name);
        if (!facts) {
            throw Error{ExitCode::failed, fmt::format("topic {} went away again", in_quotes(name))};
        }
    } else if (const auto found = kafka::differences(spec, *facts); !found.empty()) {
        log::warning("topic {} is left as it is: {}", in_quotes(name), fmt::join(found, "; "));
    }
    return {m_producer.open_topic(name), name, facts->max_message_bytes()};
}

Route& Routes::of(const kafka::ChangeCut& cut) {
    m_scratch.assign(cut.table);
    m_scratch += cut.schema;
    m_scratch += cut.db;
    if (m_last != nullptr && m_scratch == m_last_key) {
        return *m_last;
    }
    auto found = m_routes.find(m_scratch);
    if (found == m_routes.end()) {
        // The same names may be spelled in another way ("\u0061", no schema or null).
        Route& route = of(text_of(cut.db), text_of(cut.schema), text_of(cut.table));
        m_last = &route;
        m_last_key = m_scratch;
        return route;
    }
    m_last = &found->second;
    m_last_key = m_scratch;
    return found->second;
}

Route& Routes::of(const std::string& db, const std::string& schema, const std::string& table) {
    const std::string key =
        json_text(table) + (schema.empty() ? "" : json_text(schema)) + json_text(db);
    const auto found = m_routes.find(key);
    if (found != m_routes.end()) {
        return found->second;
    }
    const std::string name = m_namer.topic_of(db, schema, table);
    Route route{db, schema, table, prepare(name, topic_spec(m_options, schema, table)), {}, {}};
    return m_routes.emplace(key, std::move(route)).first->second;
}

const Topic& Routes::side(const std::string& name) {
    auto found = m_side.find(name);
    if (found == m_side.end()) {
        const std::string topic = m_namer.side_topic(name);
        found = m_side.emplace(name, prepare(topic, side_spec(m_options, name))).first;
    }
    return found->second;
}

} // namespace cdc::publish
