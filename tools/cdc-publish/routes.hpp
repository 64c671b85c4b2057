#ifndef CDC_PUBLISH_ROUTES_HPP
#define CDC_PUBLISH_ROUTES_HPP

#include "cdc-publish/options.hpp"
#include "cdc-publish/topic_owners.hpp"
#include "kafka/producer.hpp"
#include "kafka/topic_name.hpp"
#include "record/table_encoder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdc::publish {

/// A topic that was made or looked at.
struct Topic {
    int id = -1;
    std::string name;
    std::uint64_t max_record = 0;  ///< bytes
    bool compacted = false;        ///< takes no record without key
    std::int64_t retention_ms = 0; ///< by the records' time; 0: for ever, not known, or told
};

/// A table and where its records go.
struct Route {
    std::string db;
    std::string schema;
    std::string table;
    Topic topic;
    std::string version; ///< of the last table line; empty: none was seen
    std::string table_json;
    std::uint32_t oid = 0;                         ///< of PostgreSQL's tables; 0: not known
    bool keyless = false;                          ///< says the last table line
    std::shared_ptr<record::TableEncoder> encoder; ///< with --registry, of the last table line
    bool used = false;                             ///< rows went into it

    /// Of a record without key. Rows without key are told apart by their place in the stream, so
    /// all of such a table goes through one partition.
    int partition() const { return keyless ? 0 : -1; }
};

/// From tables to topics: names them, makes those that are missing, checks the others, once each.
class Routes {
public:
    Routes(const Options& options, kafka::Producer& producer);

    /// The reference stays valid. Throws Error.
    Route& of(const std::string& db, const std::string& schema, const std::string& table);

    /// Whether the table's line stands last in schema-changes, of a run before: at its own order,
    /// which is that of the first change of this shape.
    bool told_before(const Route& route, std::string_view table_json) const {
        return m_owners.has_last({route.db, route.schema, route.table}, table_json);
    }

    /// Topics of tables that rows went into.
    std::size_t count_used() const;

    /// Names of topics alone: nothing is made or looked at.
    std::string name_of(const std::string& db, const std::string& schema,
                        const std::string& table) const {
        return m_namer.fill(db, schema, table);
    }
    /// Warns, once, of patterns of --table-options that have met no table, where a table's topic
    /// was made: a typo leaves that as the brokers' defaults have it, for good.
    void tell_unmet();
    std::string side_name(std::string_view name) const { return m_namer.side_topic(name); }

    /// `<prefix>.<name>`, or --dead-letter-topic, with what such a topic needs, made at the first
    /// call.
    const Topic& side(const std::string& name);

private:
    /// `was_there`: the topic was not made by this call.
    Topic prepare(const std::string& name, const kafka::TopicSpec& spec, bool& was_there);

    const Options& m_options;
    kafka::Producer& m_producer;
    kafka::TopicNamer m_namer;
    TopicOwners m_owners;
    std::vector<event::TablePattern> m_unmet; ///< of --table-options
    bool m_made = false;                      ///< a table's topic, since the last tell_unmet()
    std::unordered_map<std::string, Route> m_routes; ///< by db, schema and table
    std::unordered_map<std::string, Topic> m_side;
    std::string m_key;
    Route* m_last = nullptr; ///< most changes follow one of the same table
};

} // namespace cdc::publish

#endif
