#include "cdc-publish/topic_owners.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"
#include "kafka/topic_reader.hpp"

#include <tuple>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;
using event::json_member;
using event::JsonCursor;

namespace {

constexpr int kReadTimeoutMs = 60'000;

/// The object's members db, schema and table, which may be null or missing but for the last.
std::optional<TableName> name_of(std::string_view object) {
    TableName name;
    JsonCursor cursor{object};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view member = cursor.member_name();
        const std::string_view value = cursor.value();
        std::string* part = member == "db"       ? &name.db
                            : member == "schema" ? &name.schema
                            : member == "table"  ? &name.table
                                                 : nullptr;
        if (part != nullptr && value.size() >= 2 && value[0] == '"') {
            *part = event::json_string_value(value);
        }
    }
    return cursor.failed() || name.table.empty() ? std::nullopt : std::optional{name};
}

} // namespace

bool operator<(const TableName& a, const TableName& b) {
    return std::tie(a.db, a.schema, a.table) < std::tie(b.db, b.schema, b.table);
}

std::string TableName::text() const {
    return db + "." + (schema.empty() ? "" : schema + ".") + table;
}

std::optional<TableName> table_of_key(std::string_view key) {
    return name_of(key);
}

std::optional<TableName> table_of_value(std::string_view value) {
    const std::string_view source = json_member(value, "source");
    return name_of(source.empty() ? json_member(json_member(value, "payload"), "source") : source);
}

void TopicOwners::read_schema_changes() {
    m_read = true;
    std::map<std::string, TableName> tables; // by the record's key: the last one counts
    kafka::TopicReader reader{m_options.settings, m_namer.side_topic("schema-changes"),
                              static_cast<int>(m_options.kafka.connect_timeout_ms)};
    // What another stream committed may stand behind a transaction that is open.
    reader.read_past_open(
        [&](std::optional<std::string_view> key, std::optional<std::string_view> value) {
            const auto table = key ? table_of_key(*key) : std::nullopt;
            if (table && value) {
                tables[std::string{*key}] = *table;
                m_last[*table] = json_member(*value, "table");
            } else if (key) {
                tables.erase(std::string{*key});
                if (table) {
                    m_last.erase(*table);
                }
            }
        },
        kReadTimeoutMs);
    for (const auto& [key, table] : tables) {
        m_owners[m_namer.fill(table.db, table.schema, table.table)].insert(table);
    }
}

void TopicOwners::look(const std::function<void()>& read) {
    try {
        read();
    } catch (const Error& error) {
        if (error.code() != ExitCode::refused) {
            throw;
        }
        // A user who may only write, as publishers need no more.
        m_may_not_read = true;
        base::log::warning("whether topics hold other tables cannot be looked at: {}",
                           error.what());
    }
}

TopicOwners::TopicOwners(const Options& options, const kafka::TopicNamer& namer)
    : m_options{options}, m_namer{namer} {
    if (options.exactly_once) {
        // Later a transaction of our own is open, and would be waited for.
        look([&] { read_schema_changes(); });
    }
}

std::uint32_t TopicOwners::oid(const TableName& table) const {
    const auto found = m_last.find(table);
    return found == m_last.end()
               ? 0
               : base::parse_integer<std::uint32_t>(json_member(found->second, "oid")).value_or(0);
}

bool TopicOwners::has_last(const TableName& table, std::string_view table_json) const {
    const auto found = m_last.find(table);
    return found != m_last.end() && found->second == table_json;
}

void TopicOwners::check(const std::string& topic, const TableName& table) {
    if (m_may_not_read) {
        return;
    }
    look([&] {
        if (!m_read) {
            read_schema_changes();
        }
        std::set<TableName>& owners = m_owners[topic];
        if (owners.empty()) {
            kafka::TopicReader reader{m_options.settings, topic,
                                      static_cast<int>(m_options.kafka.connect_timeout_ms)};
            reader.read_last(
                [&](std::optional<std::string_view>, std::optional<std::string_view> value) {
                    if (const auto found = value ? table_of_value(*value) : std::nullopt) {
                        owners.insert(*found);
                    }
                },
                kReadTimeoutMs);
        }
    });
    if (m_may_not_read) {
        return;
    }
    for (const TableName& owner : m_owners[topic]) {
        if (!(owner == table)) {
            throw Error{ExitCode::refused,
                        fmt::format("topic {} would be shared by table {} and table {}, which it "
                                    "holds",
                                    in_quotes(topic), in_quotes(table.text()),
                                    in_quotes(owner.text())),
                        "Give another --topic template or --prefix, or leave one of them out; "
                        "where the other is gone for good, delete the topic and send tombstones "
                        "for that table's keys to schema-changes"};
        }
    }
    m_owners[topic].insert(table);
}

} // namespace cdc::publish
