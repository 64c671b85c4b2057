#include "base/base64.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"
#include "postgres/change_builder.hpp"

#include <algorithm>

#include <fnmatch.h>

/// The part of ChangeBuilder that writes what is not about rows: logical messages, and the lines
/// of \--transactions. Shapes as Debezium has them.
namespace cdc::postgres {

namespace {
constexpr int kIndexDigits = 12;
} // namespace

/// A message that is not transactional stands in the log by itself, between transactions, and is
/// decoded there: its place is its own position, index 0.
void ChangeBuilder::logical_message(const Message& message, Lsn lsn, std::string& out) {
    if (message.transactional) {
        need_transaction(message);
        ++m_index;
    }
    const std::string prefix{message.prefix};
    const bool wanted = std::any_of(m_settings.messages.begin(), m_settings.messages.end(),
                                    [&](const std::string& pattern) {
                                        return ::fnmatch(pattern.c_str(), prefix.c_str(), 0) == 0;
                                    });
    if (!wanted) {
        return;
    }
    if (message.transactional) {
        begin_lines(out);
    }
    out += R"({"key":{"prefix":)";
    event::append_json_string(out, message.prefix);
    out += R"(},"before":null,"after":null,"message":{"transactional":)";
    out += message.transactional ? "true" : "false";
    out += R"(,"prefix":)";
    event::append_json_string(out, message.prefix);
    out += R"(,"content":")";
    base::append_base64(out, message.content);
    out += "\"}";
    if (message.transactional) {
        out += m_source_start;
        base::append_integer(out, lsn);
        out += R"(\"]","schema":"","table":"")";
        out += m_source_ids;
    } else {
        out += R"(,"source":)";
        append_source_start(out, std::nullopt);
        out += R"("sequence":"[null,\")";
        base::append_integer(out, lsn);
        out += R"(\"]","schema":"","table":"","txId":null,"lsn":)";
    }
    event::append_json_integer(out, lsn);
    out += R"(,"xmin":null,"order":")";
    if (message.transactional) {
        out += m_order_start;
        base::append_hex(out, m_index, kIndexDigits);
    } else {
        event::Order::make(m_timelines.at(lsn), lsn, 0).append_text(out);
    }
    out += R"("},"op":"m")";
    if (message.transactional) {
        append_transaction(out, nullptr);
    }
    out += R"(,"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
    ++m_changes;
}

/// Of a line between transactions.
std::string ChangeBuilder::source_at(std::string_view schema, std::string_view table,
                                     Lsn position) const {
    std::string source;
    append_source_start(source, m_now_ms);
    source += R"("schema":)";
    event::append_json_string(source, schema);
    source += R"(,"table":)";
    event::append_json_string(source, table);
    source += R"(,"order":")";
    order_at(position).append_text(source);
    source += "\"}";
    return source;
}

void ChangeBuilder::append_facts(std::string& out, const event::Facts& facts, Lsn position) const {
    event::append_facts_line(out, facts, source_at(facts.schema, facts.table, position), m_now_ms);
}

void ChangeBuilder::append_table(std::string& out, const pgoutput::Relation& relation,
                                 Lsn position) const {
    const auto columns = m_lookup->describe(relation);
    if (columns.size() != relation.columns.size()) {
        return;
    }
    const RelationPlan plan{relation, m_settings.database, columns, m_settings.edits};
    const auto known = m_plans.find(relation.id);
    const bool told = known != m_plans.end() && known->second.announced &&
                      known->second.version() == plan.version();
    if (!told && plan.ambiguous().empty()) {
        event::append_table_line(out, plan.shape(),
                                 source_at(relation.schema, relation.name, position), m_now_ms);
    }
}

/// Before the first line of a transaction that brings any.
void ChangeBuilder::begin_lines(std::string& out) {
    if (!m_settings.transactions || m_transaction_begun) {
        return;
    }
    m_transaction_begun = true;
    m_total_order = 0;
    m_collections.clear();
    out += R"({"transaction":{"status":"BEGIN","id":")" + m_transaction_id +
           R"(","event_count":null,"data_collections":null,"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += R"(},"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
}

void ChangeBuilder::end_lines(std::string& out) {
    m_transaction_begun = false;
    out += R"({"transaction":{"status":"END","id":")" + m_transaction_id + R"(","event_count":)";
    base::append_integer(out, m_total_order);
    out += R"(,"data_collections":[)";
    const char* separator = "";
    for (const Collection& collection : m_collections) {
        out += separator;
        out += R"({"data_collection":)";
        event::append_json_string(out, collection.name);
        out += R"(,"event_count":)";
        base::append_integer(out, collection.changes);
        out += '}';
        separator = ",";
    }
    out += R"(],"ts_ms":)";
    base::append_integer(out, m_commit_ts_ms);
    out += R"(},"ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
}

/// `,"transaction":{…}` of a change. `plan`: null for messages, which belong to no table.
void ChangeBuilder::append_transaction(std::string& out, const RelationPlan* plan) {
    if (!m_settings.transactions) {
        return;
    }
    out += R"(,"transaction":{"id":")" + m_transaction_id + R"(","total_order":)";
    base::append_integer(out, ++m_total_order);
    out += R"(,"data_collection_order":)";
    if (plan == nullptr) {
        out += "null}";
        return;
    }
    // Few tables, and mostly the one of the line before.
    const std::string name = plan->shape().display_name();
    const auto found =
        std::find_if(m_collections.rbegin(), m_collections.rend(),
                     [&](const Collection& collection) { return collection.name == name; });
    Collection& collection =
        found != m_collections.rend() ? *found : m_collections.emplace_back(Collection{name, 0});
    base::append_integer(out, ++collection.changes);
    out += '}';
}

} // namespace cdc::postgres
