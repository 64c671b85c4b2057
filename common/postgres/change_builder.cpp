#include "postgres/change_builder.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"

#include <simdjson.h>

#include <algorithm>

namespace cdc::postgres {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using pgoutput::Type;

namespace {

bool carries_key(const event::Facts& table) {
    const auto carried = [&](int number) {
        return std::any_of(
            table.columns.begin(), table.columns.end(),
            [&](const event::ColumnFact& column) { return column.number == number; });
    };
    return std::all_of(table.key->columns.begin(), table.key->columns.end(), carried);
}

} // namespace

ChangeBuilder::ChangeBuilder(Settings settings, event::TableFilter filter, Timelines timelines,
                             SourceLookup& lookup)
    : m_settings{std::move(settings)}, m_filter{std::move(filter)},
      m_timelines{std::move(timelines)}, m_lookup{&lookup}, m_writer{{kConnector, m_settings.name,
                                                                      m_settings.transactions}} {
    m_db_member = R"("db":)";
    event::append_json_string(m_db_member, m_settings.database);
    m_db_member += ',';
}

void ChangeBuilder::apply(const Message& message, Lsn lsn, std::string& out) {
    const std::size_t start = out.size();
    const std::uint64_t changes = m_writer.changes();
    m_in_work = nullptr;
    try {
        apply_any(message, lsn, out);
        if (m_settings.check_utf8 &&
            !simdjson::validate_utf8(out.data() + start, out.size() - start)) {
            throw Error{ExitCode::bad_data, "a text that is not UTF-8",
                        "the database's encoding is SQL_ASCII, which checks nothing"};
        }
    } catch (const Error& error) {
        out.resize(start);
        m_writer.set_changes(changes);
        if (error.code() != ExitCode::bad_data) {
            throw;
        }
        const std::string table =
            m_in_work == nullptr
                ? ""
                : fmt::format(" of table {}", in_quotes(m_in_work->shape().display_name()));
        throw Error{ExitCode::bad_data,
                    fmt::format("change at {}{}: {}", format_lsn(lsn), table, error.what()),
                    error.hint()};
    }
}

void ChangeBuilder::apply_any(const Message& message, Lsn lsn, std::string& out) {
    switch (message.type) {
    case Type::begin:
        begin(message);
        return;
    case Type::commit:
        commit(message, out);
        return;
    case Type::relation:
        m_leaves.describe(message.relation);
        learn(message.relation);
        return;
    case Type::origin:
    case Type::type:
        return;
    case Type::insert:
        insert(message, lsn, out);
        return;
    case Type::update:
        update(message, lsn, out);
        return;
    case Type::remove:
        remove(message, lsn, out);
        return;
    case Type::truncate:
        truncate(message, lsn, out);
        return;
    case Type::message:
        if (!m_settings.messages.empty()) {
            logical_message(message, lsn, out);
            return;
        }
        break;
    case Type::stream_start:
    case Type::stream_stop:
    case Type::stream_commit:
    case Type::stream_abort:
        break;
    }
    fail(ExitCode::bad_data, "a replication message of kind '{}' that was not asked for",
         static_cast<char>(message.type));
}

void ChangeBuilder::need_transaction(const Message& message) const {
    if (!m_writer.in_transaction()) {
        fail(ExitCode::bad_data, "a message of kind '{}' outside a transaction",
             static_cast<char>(message.type));
    }
}

void ChangeBuilder::begin(const Message& message) {
    if (m_writer.in_transaction()) {
        fail(ExitCode::bad_data, "a transaction begins inside another");
    }
    m_writer.begin_transaction(
        order_at(message.commit_lsn), unix_ms_from_postgres_us(message.commit_time_us),
        m_settings.transactions ? fmt::format("{}:{}", message.xid, message.commit_lsn)
                                : std::string{});

    m_source_start = R"(,"source":)";
    m_source_start += m_writer.source_start();
    m_source_start += m_db_member;
    m_source_start += R"("sequence":"[\")";
    base::append_integer(m_source_start, message.commit_lsn);
    m_source_start += R"(\",\")";
    m_source_ids = R"(,"txId":)";
    base::append_integer(m_source_ids, message.xid);
    m_lookup->must_show(message.xid);
    m_source_ids += R"(,"lsn":)";
}

void ChangeBuilder::commit(const Message& message, std::string& out) {
    need_transaction(message);
    m_writer.end_transaction(out);
}

/// The description of a table flags only those columns of its key that it has.
void ChangeBuilder::check_key(std::uint32_t id, const RelationPlan& plan) const {
    if (m_seen == nullptr || !plan.captured() || plan.identity() != 'd' || plan.key().empty()) {
        return;
    }
    const event::Facts* table = find_table(*m_seen, id);
    if (table != nullptr && table->key && !carries_key(*table)) {
        throw partial_key(table->schema, table->table);
    }
}

void ChangeBuilder::learn(const pgoutput::Relation& relation) {
    m_last_plan = nullptr;
    RelationPlan plan = RelationPlan::skipped();
    if (m_filter.matches(relation.schema, relation.name)) {
        const auto facts = m_lookup->describe(relation);
        if (m_edited != nullptr) {
            m_edited->take(relation, facts, *m_lookup);
        }
        plan = {relation, m_settings.database, facts, m_settings.edits};
        plan.changes = m_writer.changes_by_table().of(relation.schema, relation.name);
    }
    check_key(relation.id, plan);
    keep_keyless(relation, plan);
    const auto known = m_plans.find(relation.id);
    if (known == m_plans.end()) {
        m_plans.emplace(relation.id, std::move(plan));
        return;
    }
    // The server repeats a description for reasons of its own; only a new shape is news.
    const event::Table& before = known->second.shape();
    plan.announced = known->second.announced && known->second.version() == plan.version() &&
                     before.collations == plan.shape().collations &&
                     before.schema == plan.shape().schema && before.table == plan.shape().table;
    known->second = std::move(plan);
}

void ChangeBuilder::keep_keyless(const pgoutput::Relation& relation, const RelationPlan& plan) {
    m_outdated.erase(relation.id);
    m_keyless.erase(relation.id);
    const bool key_not_said = relation.identity == 'f' || relation.identity == 'n';
    if (plan.captured() && key_not_said && plan.key().empty()) {
        m_keyless.emplace(relation.id, relation);
    }
}

/// From here on the keys that the look saw are older than what is decoded.
void ChangeBuilder::passed(const std::shared_ptr<const FactsLook>& facts,
                           const LookMoment* moment) {
    m_lookup->passed(facts, moment);
    m_last_plan = nullptr;
    m_seen = facts;
    for (const auto& [id, plan] : m_plans) {
        check_key(id, plan);
    }
    for (const auto& [id, relation] : m_keyless) {
        const event::Facts* table = find_table(*facts, id);
        if (table != nullptr && table->key && table->key->immediate && table->key->valid) {
            m_outdated.insert(id);
        }
    }
}

RelationPlan& ChangeBuilder::plan_of(std::uint32_t id) {
    if (m_last_plan == nullptr || m_last_id != id) {
        if (m_outdated.count(id) != 0) {
            const pgoutput::OwnedRelation relation = std::move(m_keyless.at(id));
            learn(relation.get());
        }
        const auto found = m_plans.find(id);
        if (found == m_plans.end()) {
            fail(ExitCode::bad_data, "table {} was not described before its first change", id);
        }
        m_last_plan = &found->second;
        m_last_id = id;
    }
    m_in_work = m_last_plan;
    return *m_last_plan;
}

void ChangeBuilder::announce(RelationPlan& plan, std::uint64_t index, std::string& out) {
    m_writer.begin_lines(out);
    if (plan.announced) {
        return;
    }
    const std::string source = m_writer.table_source(m_db_member + plan.source_members(), index);
    const event::Table& shape = plan.shape();
    m_writer.append_table(out, shape, source);
    plan.announced = true;
    plan.forget_columns();
    const std::string why = why_stale(plan);
    if (!why.empty()) {
        base::log::warning("table {} is stale: {}; copies of it have wrong or missing rows until "
                           "it is read again (cdc-snapshot --tables '{}')",
                           in_quotes(shape.display_name()), why, shape.display_name());
        m_writer.append_stale_mark(out, why, source);
    }
    m_names[shape.oid] = shape.display_name();
}

/// What a reader cannot see in the facts: they are those of a later position.
std::string ChangeBuilder::why_stale(const RelationPlan& plan) const {
    const auto known = m_names.find(plan.shape().oid);
    if (known != m_names.end() && known->second != plan.shape().display_name()) {
        return fmt::format("it was called {}", in_quotes(known->second));
    }
    if (!plan.ambiguous().empty()) {
        return fmt::format("column {} was dropped and made anew, or renamed, while the stream was "
                           "behind",
                           in_quotes(plan.ambiguous().front()));
    }
    return {};
}

/// Of a line between transactions.
std::string ChangeBuilder::source_at(std::string_view schema, std::string_view table,
                                     Lsn position) const {
    std::string source;
    event::append_source_start(source, kConnector, m_settings.name, m_writer.now_ms(), false);
    source += m_db_member;
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
    event::append_facts_line(out, facts, source_at(facts.schema, facts.table, position),
                             m_writer.now_ms());
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
                      known->second.version() == plan.version() &&
                      known->second.shape().collations == plan.shape().collations;
    if (!told && plan.ambiguous().empty()) {
        event::append_table_line(out, plan.shape(),
                                 source_at(relation.schema, relation.name, position),
                                 m_writer.now_ms());
    }
}

} // namespace cdc::postgres
