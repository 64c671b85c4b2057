#include "postgres/change_builder.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "event/order.hpp"
#include "postgres/row_json.hpp"

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

void check_width(const RelationPlan& plan, const pgoutput::Tuple& row) {
    if (row.size() != plan.columns().size()) {
        fail(ExitCode::bad_data, "a row of {} values, but the table was described with {} columns",
             row.size(), plan.columns().size());
    }
}

bool key_changed(const RelationPlan& plan, const pgoutput::Tuple& old_row,
                 const pgoutput::Tuple& new_row) {
    for (const std::size_t i : plan.key()) {
        if (old_row[i].kind != new_row[i].kind || old_row[i].text != new_row[i].text) {
            return true;
        }
    }
    return false;
}

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
        need_transaction(message);
        m_in_transaction = false;
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

    m_table_source = R"({"version":)";
    event::append_json_string(m_table_source, CDC_VERSION);
    m_table_source += R"(,"connector":"postgresql","name":)";
    event::append_json_string(m_table_source, m_settings.name);
    m_table_source += R"(,"ts_ms":)";
    base::append_integer(m_table_source, m_commit_ts_ms);
    m_table_source += R"(,"snapshot":"false","db":)";
    event::append_json_string(m_table_source, m_settings.database);
    m_table_source += ',';

    m_source_start = R"(,"source":)" + m_table_source + R"("sequence":"[\")";
    base::append_integer(m_source_start, message.commit_lsn);
    m_source_start += R"(\",\")";
    m_source_ids = R"(,"txId":)";
    base::append_integer(m_source_ids, message.xid);
    m_lookup->must_show(message.xid);
    m_source_ids += R"(,"lsn":)";
}

void ChangeBuilder::learn(const pgoutput::Relation& relation) {
    m_last_plan = nullptr;
    RelationPlan plan = RelationPlan::skipped();
    if (m_filter.matches(relation.schema, relation.name)) {
        plan = {relation, m_settings.database, m_lookup->describe(relation)};
    }
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

RelationPlan& ChangeBuilder::plan_of(std::uint32_t id) {
    if (m_last_plan == nullptr || m_last_id != id) {
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
    if (plan.announced) {
        return;
    }
    std::string source = m_table_source + plan.source_members() + R"(,"order":")" + m_order_start;
    base::append_hex(source, index, kIndexDigits);
    source += "\"}";
    event::append_table_line(out, plan.shape(), source, m_now_ms);
    plan.announced = true;
}

void ChangeBuilder::insert(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = ++m_index;
    RelationPlan& plan = plan_of(message.relation_id);
    if (!plan.captured()) {
        return;
    }
    check_width(plan, message.new_row);
    announce(plan, index, out);
    out += R"({"key":)";
    append_key(out, plan, message.new_row);
    out += R"(,"before":null,"after":)";
    append_row(out, plan, message.new_row, m_missing);
    if (!m_missing.empty()) {
        fail(ExitCode::bad_data, "column {}: an inserted row without its value",
             in_quotes(plan.columns()[m_missing.front()].name));
    }
    end_line(out, plan, {lsn, index, 'c'});
}

/// The new row, and from the old one the values that the log left out of the new because they did
/// not change. Under REPLICA IDENTITY FULL the old row has them all, else it has those of the key.
const pgoutput::Tuple& ChangeBuilder::completed(const RelationPlan& plan, const Message& message) {
    if (message.old_kind == 0) {
        return message.new_row;
    }
    m_row = message.new_row;
    for (std::size_t i = 0; i < m_row.size(); ++i) {
        if (m_row[i].kind == 'u' && (message.old_kind == 'O' || plan.columns()[i].in_key)) {
            m_row[i] = message.old_row[i];
        }
    }
    return m_row;
}

void ChangeBuilder::append_old(std::string& out, const RelationPlan& plan, const Message& message) {
    if (message.old_kind == 'O') {
        append_row(out, plan, message.old_row, m_missing);
    } else {
        append_key(out, plan, message.old_row);
    }
}

void ChangeBuilder::update(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = m_index + 1;
    m_index += 2;
    RelationPlan& plan = plan_of(message.relation_id);
    if (!plan.captured()) {
        return;
    }
    check_width(plan, message.new_row);
    if (message.old_kind != 0) {
        check_width(plan, message.old_row);
    }
    announce(plan, index, out);
    const Tuple& row = completed(plan, message);
    if (message.old_kind != 0 && key_changed(plan, message.old_row, row)) {
        append_key_change(out, plan, message, row, lsn, index);
        return;
    }
    out += R"({"key":)";
    append_key(out, plan, row);
    out += R"(,"before":)";
    if (message.old_kind == 'O') {
        append_old(out, plan, message);
    } else {
        out += "null";
    }
    out += R"(,"after":)";
    append_row(out, plan, row, m_missing);
    append_names(out, "unchanged", plan, m_missing);
    end_line(out, plan, {lsn, index, 'u'});
}

void ChangeBuilder::append_key_change(std::string& out, const RelationPlan& plan,
                                      const Message& message, const Tuple& row, Lsn lsn,
                                      std::uint64_t index) {
    out += R"({"key":)";
    append_key(out, plan, message.old_row);
    out += R"(,"before":)";
    append_old(out, plan, message);
    out += R"(,"after":null,"key_after":)";
    append_key(out, plan, row);
    end_line(out, plan, {lsn, index, 'd'});

    out += R"({"key":)";
    append_key(out, plan, row);
    out += R"(,"before":null,"after":)";
    append_row(out, plan, row, m_missing);
    if (!m_missing.empty()) {
        append_fetched(out, plan, row);
    }
    out += R"(,"key_before":)";
    append_key(out, plan, message.old_row);
    end_line(out, plan, {lsn, index + 1, 'c'});
}

/// Replaces the '}' of the row just written by the columns that only the source has.
void ChangeBuilder::append_fetched(std::string& out, const RelationPlan& plan, const Tuple& row) {
    std::vector<SourceLookup::Condition> key;
    for (const std::size_t i : plan.key()) {
        key.push_back({plan.columns()[i].name, row[i].text});
    }
    std::vector<std::string_view> names;
    for (const std::size_t i : m_missing) {
        names.emplace_back(plan.columns()[i].name);
    }
    const auto values = m_lookup->fetch(plan.shape().schema, plan.shape().table, key, names);
    if (values.size() != names.size()) {
        fail(ExitCode::failed, "the source answered {} of {} values", values.size(), names.size());
    }
    out.pop_back();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t column = m_missing[i];
        if (values[i].state == FetchedValue::State::gone) {
            m_gone.push_back(column);
            continue;
        }
        m_fetched.push_back(column);
        out += out.back() == '{' ? "" : ",";
        out += plan.columns()[column].member;
        if (values[i].state == FetchedValue::State::null) {
            out += "null";
        } else {
            append_value(out, plan.columns()[column].kind, values[i].text);
        }
    }
    out += '}';
}

void ChangeBuilder::remove(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = ++m_index;
    RelationPlan& plan = plan_of(message.relation_id);
    if (!plan.captured()) {
        return;
    }
    check_width(plan, message.old_row);
    announce(plan, index, out);
    out += R"({"key":)";
    append_key(out, plan, message.old_row);
    out += R"(,"before":)";
    append_old(out, plan, message);
    out += R"(,"after":null)";
    end_line(out, plan, {lsn, index, 'd'});
}

void ChangeBuilder::truncate(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    for (const std::uint32_t id : message.truncated) {
        const std::uint64_t index = ++m_index;
        RelationPlan& plan = plan_of(id);
        if (plan.captured()) {
            announce(plan, index, out);
            out += R"({"key":null,"before":null,"after":null)";
            end_line(out, plan, {lsn, index, 't'});
        }
    }
}

void ChangeBuilder::end_line(std::string& out, const RelationPlan& plan, const Place& place) {
    out += m_source_start;
    base::append_integer(out, place.lsn);
    out += R"(\"]",)";
    out += plan.source_members();
    out += m_source_ids;
    event::append_json_integer(out, place.lsn);
    out += R"(,"xmin":null,"order":")";
    out += m_order_start;
    base::append_hex(out, place.index, kIndexDigits);
    out += '"';
    if (!m_fetched.empty() || !m_gone.empty()) {
        append_names(out, "fetched", plan, m_fetched);
        append_names(out, "gone", plan, m_gone);
        m_fetched.clear();
        m_gone.clear();
    }
    out += R"(},"op":")";
    out += place.op;
    out += R"(","ts_ms":)";
    base::append_integer(out, m_now_ms);
    out += "}\n";
    ++m_changes;
}

} // namespace cdc::postgres
