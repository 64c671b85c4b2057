#include "postgres/change_builder.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/version.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"

#include <simdjson.h>

namespace cdc::postgres {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using pgoutput::Type;

namespace {

constexpr std::size_t kOrderStartDigits = 20;
constexpr int kIndexDigits = 12;

} // namespace

ChangeBuilder::ChangeBuilder(Settings settings, event::TableFilter filter, Timelines timelines,
                             SourceLookup& lookup)
    : m_settings{std::move(settings)}, m_filter{std::move(filter)},
      m_timelines{std::move(timelines)}, m_lookup{&lookup} {}

void ChangeBuilder::apply(const Message& message, Lsn lsn, std::string& out) {
    const std::size_t start = out.size();
    const std::uint64_t changes = m_changes;
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
        m_changes = changes;
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
    }
    fail(ExitCode::bad_data, "a replication message of kind '{}' that was not asked for",
         static_cast<char>(message.type));
}

void ChangeBuilder::need_transaction(const Message& message) const {
    if (!m_in_transaction) {
        fail(ExitCode::bad_data, "a message of kind '{}' outside a transaction",
             static_cast<char>(message.type));
    }
}

void ChangeBuilder::begin(const Message& message) {
    if (m_in_transaction) {
        fail(ExitCode::bad_data, "a transaction begins inside another");
    }
    m_in_transaction = true;
    m_index = 0;
    m_commit_ts_ms = unix_ms_from_postgres_us(message.commit_time_us);

    m_order_start =
        event::Order::make(m_timelines.at(message.commit_lsn), message.commit_lsn, 0).text();
    m_order_start.resize(kOrderStartDigits);

    m_table_source.clear();
    append_source_start(m_table_source, m_commit_ts_ms);

    m_source_start = R"(,"source":)" + m_table_source + R"("sequence":"[\")";
    base::append_integer(m_source_start, message.commit_lsn);
    m_source_start += R"(\",\")";
    m_source_ids = R"(,"txId":)";
    base::append_integer(m_source_ids, message.xid);
    m_lookup->must_show(message.xid);
    m_source_ids += R"(,"lsn":)";
    if (m_settings.transactions) {
        m_transaction_id = fmt::format("{}:{}", message.xid, message.commit_lsn);
        m_transaction_begun = false;
    }
}

void ChangeBuilder::commit(const Message& message, std::string& out) {
    need_transaction(message);
    m_in_transaction = false;
    if (m_transaction_begun) {
        end_lines(out);
    }
}

/// `{"version":…,"db":…,`
void ChangeBuilder::append_source_start(std::string& out, std::optional<std::int64_t> ts_ms) const {
    out += R"({"version":)";
    event::append_json_string(out, base::version());
    out += R"(,"connector":"postgresql","name":)";
    event::append_json_string(out, m_settings.name);
    out += R"(,"ts_ms":)";
    if (ts_ms) {
        base::append_integer(out, *ts_ms);
    } else {
        out += "null";
    }
    out += R"(,"snapshot":"false","db":)";
    event::append_json_string(out, m_settings.database);
    out += ',';
}

void ChangeBuilder::learn(const pgoutput::Relation& relation) {
    m_last_plan = nullptr;
    RelationPlan plan = RelationPlan::skipped();
    if (m_filter.matches(relation.schema, relation.name)) {
        plan = {relation, m_settings.database, m_lookup->describe(relation), m_settings.edits};
        plan.changes = m_change_counts.of(relation.schema, relation.name);
    }
    keep_keyless(relation, plan);
    const auto known = m_plans.find(relation.id);
    if (known == m_plans.end()) {
        m_plans.emplace(relation.id, std::move(plan));
        return;
    }
    // The server repeats a description for reasons of its own; only a new shape is news.
    const event::Table& before = known->second.shape();
    plan.announced = known->second.announced && known->second.version() == plan.version() &&
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
    begin_lines(out);
    if (plan.announced) {
        return;
    }
    std::string source = m_table_source + plan.source_members() + R"(,"order":")" + m_order_start;
    base::append_hex(source, index, kIndexDigits);
    source += "\"}";
    const event::Table& shape = plan.shape();
    event::append_table_line(out, shape, source, m_now_ms);
    plan.announced = true;
    const std::string why = why_stale(plan);
    if (!why.empty()) {
        ++m_marks;
        base::log::warning("table {} is stale: {}; copies of it have wrong or missing rows until "
                           "it is read again (cdc-snapshot --tables '{}')",
                           in_quotes(shape.display_name()), why, shape.display_name());
        event::append_mark_line(out, {event::Mark::Kind::stale, why}, source, m_now_ms);
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

} // namespace cdc::postgres
