#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "postgres/change_builder.hpp"
#include "postgres/row_json.hpp"

/// The part of ChangeBuilder that writes the lines of rows.
namespace cdc::postgres {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

void check_width(const RelationPlan& plan, const pgoutput::Tuple& row) {
    if (row.size() != plan.width()) {
        fail(ExitCode::bad_data, "a row of {} values, but the table was described with {} columns",
             row.size(), plan.width());
    }
}

/// The last image of a line, whose row may be the message's own and may not.
Use use_of(const pgoutput::Message& message, const pgoutput::Tuple& row) {
    return &row == &message.new_row ? Use::once : Use::again;
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

void ChangeBuilder::insert(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = m_writer.take_indexes(1);
    RelationPlan& plan = plan_of(message.relation_id);
    m_leaves.change(message.relation_id, plan);
    if (!plan.captured()) {
        return;
    }
    check_width(plan, message.new_row);
    announce(plan, index, out);
    const Tuple& row = plan.edit(message.new_row, m_new);
    event::append_images(
        out, [&](std::string& to) { append_key(to, plan, row); },
        [&](std::string& to) { append_row(to, plan, row, m_missing, use_of(message, row)); });
    if (!m_missing.empty()) {
        // An update by which a row comes into the publication's row filter is sent as an insert.
        append_fetched(out, plan, message);
    }
    end_line(out, plan, {lsn, index, 'c'});
}

/// The new row, and from the old one the values that the log left out of the new because they did
/// not change. Under REPLICA IDENTITY FULL the old row has them all, else it has those of the key.
const pgoutput::Tuple& ChangeBuilder::completed(const RelationPlan& plan, char old_kind,
                                                const Tuple& old_row, const Tuple& new_row) {
    if (old_kind == 0) {
        return new_row;
    }
    m_row = new_row;
    for (std::size_t i = 0; i < m_row.size(); ++i) {
        if (m_row[i].kind == 'u' && (old_kind == 'O' || plan.columns()[i].in_key)) {
            m_row[i] = old_row[i];
        }
    }
    return m_row;
}

void ChangeBuilder::append_old(std::string& out, const RelationPlan& plan, char old_kind,
                               const Tuple& old_row) {
    if (old_kind == 'O') {
        append_row(out, plan, old_row, m_missing);
    } else {
        append_key(out, plan, old_row);
    }
}

void ChangeBuilder::update(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = m_writer.take_indexes(2);
    RelationPlan& plan = plan_of(message.relation_id);
    m_leaves.change(message.relation_id, plan);
    if (!plan.captured()) {
        return;
    }
    const char old_kind = m_leaves.old_kind(message.old_kind, message.relation_id, plan);
    check_width(plan, message.new_row);
    if (old_kind != 0) {
        check_width(plan, message.old_row);
    }
    announce(plan, index, out);
    const Tuple& old_row = old_kind == 0 ? message.old_row : plan.edit(message.old_row, m_old);
    const Tuple& row = completed(plan, old_kind, old_row, plan.edit(message.new_row, m_new));
    if (old_kind != 0 && key_changed(plan, old_row, row)) {
        append_key_change(out, plan, message, old_kind, old_row, row, {lsn, index, 'd'});
        return;
    }
    const auto key = [&](std::string& to) {
        append_key(to, plan, row);
    };
    const auto before = [&](std::string& to) {
        append_row(to, plan, old_row, m_missing);
    };
    const auto after = [&](std::string& to) {
        append_row(to, plan, row, m_missing, use_of(message, row));
    };
    if (old_kind == 'O') {
        event::append_images(out, key, before, after);
    } else {
        event::append_images(out, key, after);
    }
    append_names(out, "unchanged", plan, m_missing);
    end_line(out, plan, {lsn, index, 'u'});
}

void ChangeBuilder::append_key_change(std::string& out, const RelationPlan& plan,
                                      const Message& message, char old_kind, const Tuple& old_row,
                                      const Tuple& row, const Place& place) {
    const auto old_key = [&](std::string& to) {
        append_key(to, plan, old_row);
    };
    const auto key = [&](std::string& to) {
        append_key(to, plan, row);
    };
    event::append_images(
        out, old_key, [&](std::string& to) { append_old(to, plan, old_kind, old_row); },
        event::append_null);
    out += R"(,"key_after":)";
    key(out);
    end_line(out, plan, place);

    event::append_images(out, key, [&](std::string& to) { append_row(to, plan, row, m_missing); });
    if (!m_missing.empty()) {
        append_fetched(out, plan, message);
    }
    out += R"(,"key_before":)";
    old_key(out);
    end_line(out, plan, {place.lsn, place.index + 1, 'c'});
}

/// Replaces the '}' of the row just written by the columns that only the source has.
void ChangeBuilder::append_fetched(std::string& out, const RelationPlan& plan,
                                   const Message& message) {
    std::vector<SourceLookup::Condition> key;
    for (const std::size_t i : plan.key()) {
        // As the source knows it, not masked.
        const std::size_t place = plan.sent_place(i);
        const pgoutput::TupleColumn& sent = message.new_row[place];
        if (sent.kind == 'u' && message.old_kind == 0) {
            fail(ExitCode::bad_data, "column {}: a key without its value",
                 in_quotes(plan.columns()[i].name));
        }
        key.push_back(
            {plan.columns()[i].name, sent.kind == 'u' ? message.old_row[place].text : sent.text});
    }
    if (key.empty()) {
        fail(ExitCode::bad_data, "column {}: a row without its value and without a key",
             in_quotes(plan.columns()[m_missing.front()].name));
    }
    std::vector<std::string_view> names;
    for (const std::size_t i : m_missing) {
        names.emplace_back(plan.columns()[i].name);
    }
    auto values = m_lookup->fetch(plan.shape().oid, key, names);
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
            plan.edit(column, values[i].text);
            append_value(out, plan.columns()[column].codec, values[i].text);
        }
    }
    out += '}';
}

void ChangeBuilder::remove(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    const std::uint64_t index = m_writer.take_indexes(1);
    RelationPlan& plan = plan_of(message.relation_id);
    m_leaves.change(message.relation_id, plan);
    if (!plan.captured()) {
        return;
    }
    const char old_kind = m_leaves.old_kind(message.old_kind, message.relation_id, plan);
    check_width(plan, message.old_row);
    announce(plan, index, out);
    const Tuple& old_row = plan.edit(message.old_row, m_old);
    event::append_images(
        out, [&](std::string& to) { append_key(to, plan, old_row); },
        [&](std::string& to) { append_old(to, plan, old_kind, old_row); }, event::append_null);
    end_line(out, plan, {lsn, index, 'd'});
}

void ChangeBuilder::truncate(const Message& message, Lsn lsn, std::string& out) {
    need_transaction(message);
    m_leaves.truncate();
    for (const std::uint32_t id : message.truncated) {
        const std::uint64_t index = m_writer.take_indexes(1);
        RelationPlan& plan = plan_of(id);
        if (plan.captured()) {
            announce(plan, index, out);
            event::append_images(out, event::append_null, event::append_null);
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
    out += R"(,"xmin":null)";
    m_writer.append_order(out, place.index);
    if (!m_fetched.empty() || !m_gone.empty()) {
        append_names(out, "fetched", plan, m_fetched);
        append_names(out, "gone", plan, m_gone);
        m_fetched.clear();
        m_gone.clear();
    }
    m_writer.end_change(out, place.op, plan.changes);
}

} // namespace cdc::postgres
