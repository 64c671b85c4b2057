#include "cdc-publish/routes.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/near_names.hpp"
#include "base/numbers.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;
namespace log = base::log;

namespace {

constexpr const char* kLargeRecords = "90000000";

kafka::TopicSpec side_spec(const Options& options, const std::string& name) {
    kafka::TopicSpec spec;
    spec.replication = options.replication;
    spec.partitions = 1;
    if (name == "schema-changes" || name == "checkpoints" || name == "marks") {
        // Read back as a table: what is not newer by key must never go away.
        spec.config["cleanup.policy"] = "compact";
        if (name != "schema-changes") {
            // The progress of a snapshot of many tables is long.
            spec.config["max.message.bytes"] = kLargeRecords;
        }
    } else if (name == "snapshots") {
        const kafka::TopicSpec tables = topic_spec(options, {}, {});
        if (const auto found = tables.config.find("retention.ms"); found != tables.config.end()) {
            spec.config.insert(*found);
        }
    } else if (name == "dead-letter") {
        // A record that was too large for its own topic must find room here.
        spec.config["max.message.bytes"] = kLargeRecords;
        spec.config["retention.ms"] = "-1";
    }
    return spec;
}

std::uint64_t batch_bytes(const Options& options) {
    const bool given = options.settings.has("batch.size");
    return given ? base::parse_integer<std::uint64_t>(options.settings.get("batch.size"))
                       .value_or(kafka::kBatchBytes)
                 : kafka::kBatchBytes;
}

} // namespace

Routes::Routes(const Options& options, kafka::Producer& producer)
    : m_options{options}, m_producer{producer}, m_namer{options.prefix, options.topic_template},
      m_owners{options, m_namer}, m_unmet{table_option_patterns(options)} {
    if (options.marks) {
        m_namer.reserve(m_namer.side_topic("marks"), "marks");
    }
    if (options.lines_aside()) {
        m_namer.reserve(m_namer.side_topic("snapshots"), "snapshots");
    }
    if (!options.dead_letter_topic.empty()) {
        m_namer.reserve(options.dead_letter_topic, "dead letters");
    }
}

Topic Routes::prepare(const std::string& name, const kafka::TopicSpec& spec, bool& was_there) {
    auto facts = m_producer.describe(name);
    was_there = facts.has_value();
    if (!facts) {
        if (m_options.no_create) {
            throw Error{ExitCode::refused, fmt::format("there is no topic {}", in_quotes(name)),
                        "Make it, or leave out --no-create"};
        }
        facts = m_producer.create(name, spec);
        log::info("topic {} made", in_quotes(name));
    } else if (const auto found = kafka::differences(spec, *facts); !found.empty()) {
        log::warning("topic {} is left as it is: {}", in_quotes(name), fmt::join(found, "; "));
    }
    if (const std::uint64_t batch = batch_bytes(m_options); facts->max_message_bytes() < batch) {
        log::warning("topic {} takes batches of at most {} bytes, and those that are sent may have "
                     "{}: give -X batch.size={}",
                     in_quotes(name), facts->max_message_bytes(), batch,
                     facts->max_message_bytes());
    }
    return {m_producer.open_topic(name), name, facts->max_message_bytes(), facts->is_compacted(),
            facts->retention_ms()};
}

Route& Routes::of(const std::string& db, const std::string& schema, const std::string& table) {
    if (m_last != nullptr && m_last->table == table && m_last->schema == schema &&
        m_last->db == db) {
        return *m_last;
    }
    m_key.assign(db).append(1, '\0').append(schema).append(1, '\0').append(table);
    auto found = m_routes.find(m_key);
    if (found == m_routes.end()) {
        const std::string name = m_namer.topic_of(db, schema, table);
        const std::string& owner = schema.empty() ? db : schema; // as in names of topics
        bool was_there = false;
        const Topic topic = prepare(name, topic_spec(m_options, owner, table), was_there);
        m_made = m_made || !was_there;
        std::erase_if(m_unmet, [&](const auto& pattern) { return pattern.matches(owner, table); });
        if (was_there) {
            m_owners.check(name, {db, schema, table});
        }
        Route route{db, schema, table, topic, {}, {}, 0, false, nullptr};
        if (was_there) {
            route.oid = m_owners.oid({db, schema, table});
        }
        found = m_routes.emplace(m_key, std::move(route)).first;
    }
    m_last = &found->second;
    return found->second;
}

void Routes::tell_unmet() {
    if (!std::exchange(m_made, false) || m_unmet.empty()) {
        return;
    }
    for (const event::TablePattern& pattern : std::exchange(m_unmet, {})) {
        std::vector<std::string> names;
        for (const auto& entry : m_routes) {
            const Route& route = entry.second;
            const std::string& owner = route.schema.empty() ? route.db : route.schema;
            names.push_back((pattern.schema.empty() ? "" : owner + ".") + route.table);
        }
        const std::vector<std::string_view> candidates(names.begin(), names.end());
        const std::string near = base::nearest(pattern.text, candidates);
        log::warning("--table-options {} has met no table so far{}", in_quotes(pattern.text),
                     near.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(near)));
    }
}

std::size_t Routes::count_used() const {
    return static_cast<std::size_t>(std::count_if(
        m_routes.begin(), m_routes.end(), [](const auto& entry) { return entry.second.used; }));
}

const Topic& Routes::side(const std::string& name) {
    auto found = m_side.find(name);
    if (found == m_side.end()) {
        const bool named = name == "dead-letter" && !m_options.dead_letter_topic.empty();
        const std::string topic = named ? m_options.dead_letter_topic : m_namer.side_topic(name);
        bool was_there = false;
        kafka::TopicSpec spec = side_spec(m_options, name);
        if ((name == "checkpoints" || name == "marks") && m_producer.describe(topic)) {
            spec.config.erase("max.message.bytes"); // an older version's will do for most
        }
        found = m_side.emplace(name, prepare(topic, spec, was_there)).first;
    }
    return found->second;
}

} // namespace cdc::publish
