#include "cdc-transform/kept_view.hpp"

#include "base/error.hpp"
#include "cdc-transform/bag.hpp"
#include "cdc-transform/column_types.hpp"
#include "cdc-transform/named_relations.hpp"
#include "cdc-transform/view_engine.hpp"
#include "views/constants.hpp"
#include "views/names.hpp"
#include "views/unique.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>
#include <utility>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using duckdb::quoted_name;

namespace {

/// Another one where expressions come to mean something else: stored rows are then computed anew.
constexpr const char* kMeaning = " 6";
/// Behind the difference of a bag: each row as often as its number changes, by its sign.
constexpr const char* kCopies = R"( d, range({}d."cdc n") AS copies)";
constexpr std::size_t kOutboxBytes = std::size_t{256} << 10;

std::string join(const std::vector<std::string>& items, const std::string& prefix) {
    std::string out;
    for (const std::string& item : items) {
        out += (out.empty() ? "" : ", ") + prefix + item;
    }
    return out;
}

/// "numeric(12,2)" of a table line has its numbers beside the name too.
void set_numbers(event::Column& column, const duckdb::Type& type) {
    using duckdb::TypeId;
    if (type.id == TypeId::decimal) {
        column.precision = type.width;
        column.scale = type.scale;
    } else if (type.id == TypeId::hugeint || type.id == TypeId::ubigint) {
        column.precision = type.id == TypeId::hugeint ? 38 : 20;
        column.scale = 0;
    }
}

} // namespace

KeptView::KeptView(duckdb::Connection& connection, duckdb::Connection& asking,
                   const views::View& view, std::size_t place, const std::string& name)
    : m_connection{connection}, m_view{view}, m_place{place}, m_db{name}, m_stored{"out_" +
                                                                                   view.name} {
    m_engine = view_engine(m_connection, asking);
    views::check_alone(m_view, m_engine);
    m_named = named_relations(m_engine.serialise(m_view.select));
}

std::string KeptView::normal_form() const {
    std::string out = m_engine.deserialise(m_engine.serialise(m_view.select));
    for (const std::string& column : m_view.found_by()) {
        out += " | " + column;
    }
    return out + (m_view.has_key ? " key " : " bag ") + duckdb::Database::version() + kMeaning;
}

void KeptView::bind(const std::vector<views::Relation>& relations,
                    const std::vector<KeptColumn>& kept) {
    m_bound = views::bind_view(m_view, relations, m_engine);
    check_types();
    m_frozen = frozen_by(*m_bound, kept);
    views::check_unique(*m_bound, relations);
    m_derived.clear();
    if (!m_view.full) {
        for (const std::string& relation : m_bound->reads) {
            m_derived[relation] = views::derive(*m_bound, relation, m_engine);
        }
    }
}

/// What the engine takes no row of, such as an operator between two types.
void KeptView::check_types() const {
    const std::string select = views::select_text(*m_bound, m_engine);
    try {
        column_types(m_connection, select);
    } catch (const Error& error) {
        views::refuse_view(m_view, {"an expression that the engine does not take",
                                    views::first_line(error.what()), views::kNoPosition});
    }
}

bool KeptView::reads(const std::string& relation) const {
    const std::vector<std::string>& all = m_bound->reads;
    return std::find(all.begin(), all.end(), relation) != all.end();
}

std::string KeptView::explain(const std::vector<views::Relation>& relations) const {
    std::string out =
        fmt::format("view {}: {}\n", m_view.name,
                    m_view.full ? "FULL, recomputed whole at each change of" : "reads");
    for (const std::string& relation : m_bound->reads) {
        const auto known = std::find_if(relations.begin(), relations.end(),
                                        [&](const auto& r) { return r.stored == relation; });
        out += fmt::format("  {} ({})\n", known->name, relation);
        if (const auto found = m_derived.find(relation); found != m_derived.end()) {
            for (const views::DerivedQuery& query : found->second) {
                out += "    " + query.sql + "\n";
            }
        }
    }
    return out;
}

event::Table KeptView::describe(const std::string& select, std::vector<std::string>& types) const {
    duckdb::Result result = m_connection.query(fmt::format("SELECT * FROM ({}) LIMIT 0", select));
    event::Table table;
    table.db = m_db;
    table.schema = "views";
    table.table = m_view.name;
    for (std::size_t i = 0; i < result.names().size(); ++i) {
        event::Column column;
        column.name = result.names()[i];
        const duckdb::Type& type = result.types()[i];
        column.type = type_name(
            type, fmt::format("column {} of view {}", base::in_quotes(column.name), m_view.name));
        set_numbers(column, type);
        if (type.id == duckdb::TypeId::list) {
            column.element = type_name(type.element.front(), column.name);
        }
        const auto key = std::find(m_view.key.begin(), m_view.key.end(), column.name);
        if (key != m_view.key.end()) {
            column.key = static_cast<int>(key - m_view.key.begin()) + 1;
            column.nullable = false;
        }
        table.columns.push_back(std::move(column));
    }
    types = column_types(m_connection, select);
    return table;
}

void KeptView::take_shape(const std::string& relation) {
    event::Table table = describe("SELECT * FROM " + quoted_name(relation), m_types);
    m_columns.clear();
    for (const event::Column& column : table.columns) {
        m_columns.push_back(quoted_name(column.name));
        if (is_bag() && views::same_name(column.name, "rowid")) { // by which equal rows are told
            views::refuse_view(m_view,
                               {"a column rowid in a view without KEY",
                                "give it another name: rowid AS number", views::kNoPosition});
        }
    }
    m_lines = std::make_unique<ViewLines>(std::move(table));
}

bool KeptView::fits() const {
    std::vector<std::string> types;
    const event::Table table = describe(views::select_text(*m_bound, m_engine), types);
    return table.columns == m_lines->table().columns && types == m_types;
}

void KeptView::keep(State& state) {
    std::string columns_json;
    event::append_columns(columns_json, m_lines->table().columns);
    state.keep_view({m_view.name, normal_form(), columns_json});
    m_redefined = false;
}

views::Relation KeptView::relation() const {
    views::Relation out;
    out.name = m_view.name;
    out.stored = m_stored;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        out.columns.push_back({m_lines->table().columns[i].name, m_types[i], {}, {}});
        if (m_bound) {
            const auto traits = m_bound->traits.find(out.columns.back().name);
            if (traits != m_bound->traits.end()) {
                out.columns.back().traits = traits->second;
            }
            const auto found = m_bound->collations.find(out.columns.back().name);
            if (found != m_bound->collations.end()) {
                out.columns.back().collation = found->second;
            }
        }
    }
    out.key = m_view.key;
    out.key_has_nulls = true;
    out.one_row = m_view.has_key && m_view.key.empty();
    return out;
}

std::string KeptView::columns(const std::string& prefix) const {
    return join(m_columns, prefix);
}

std::string KeptView::found_by(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const std::string& name : m_view.found_by()) {
        names.push_back(quoted_name(name));
    }
    return join(names, prefix);
}

std::string KeptView::same_key(const std::string& a, const std::string& b) const {
    std::string out;
    for (const std::string& name : m_view.found_by()) {
        out += fmt::format("{0}{1}.{3} IS NOT DISTINCT FROM {2}.{3}", out.empty() ? "" : " AND ", a,
                           b, quoted_name(name));
    }
    return out.empty() ? "true" : out;
}

/// The first one of KEY or PARTITION that the rows do not have.
const std::string* KeptView::missing_key() const {
    const std::vector<std::string>& names = m_view.found_by();
    const auto found = std::find_if(names.begin(), names.end(), [this](const std::string& name) {
        return std::find(m_columns.begin(), m_columns.end(), quoted_name(name)) == m_columns.end();
    });
    return found == names.end() ? nullptr : &*found;
}

void KeptView::require_key() const {
    if (const std::string* name = missing_key()) {
        std::vector<std::string> columns;
        for (const event::Column& column : m_lines->table().columns) {
            columns.push_back(column.name);
        }
        views::refuse_view(m_view,
                           {fmt::format("{} is no column of the SELECT", base::in_quotes(*name)),
                            fmt::format("its columns are {}", fmt::join(columns, ", ")),
                            views::kNoPosition});
    }
}

void KeptView::restore(const StoredView& stored) {
    take_shape(m_stored);
    // Its key is as the stored lines had it: another one makes another table.
    std::string columns_json;
    event::append_columns(columns_json, m_lines->table().columns);
    m_live = columns_json == stored.columns && missing_key() == nullptr;
    m_redefined = m_whole = stored.definition != normal_form();
}

void KeptView::make_keys() {
    if (m_keys_made) {
        return;
    }
    m_connection.execute(
        m_view.found_by().empty()
            ? fmt::format("CREATE OR REPLACE TEMP TABLE {} (changed INTEGER)", temp("keys"))
            : fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {} LIMIT 0",
                          temp("keys"), found_by(""), quoted_name(m_stored)));
    m_keys_made = true;
}

void KeptView::input_changed(const std::string& relation) {
    if (m_whole || !reads(relation)) {
        return;
    }
    if (m_view.full || parked_whole() || attempt().view) {
        m_whole = true;
        return;
    }
    make_keys();
    for (const views::DerivedQuery& query : m_derived[relation]) {
        const std::string& keys = attempt().wide ? query.wide : query.sql;
        computing(
            [&] { m_connection.execute(fmt::format("INSERT INTO {} {}", temp("keys"), keys)); },
            failure(RowFailed::What::finding));
    }
}

void KeptView::refuse_two_rows(const std::string& rows) const {
    if (is_bag()) {
        return;
    }
    const std::string by = found_by("");
    const std::string two = m_connection.text(fmt::format(
        "SELECT coalesce((SELECT string_agg(line, ' and ') FROM (SELECT {0}::VARCHAR AS line FROM "
        "{0} QUALIFY count(*) OVER ({1}) > 1 ORDER BY {2} LIMIT 2)), '')",
        rows, by.empty() ? "" : "PARTITION BY " + by, by.empty() ? "1" : by));
    if (!two.empty()) {
        throw Error{ExitCode::bad_data,
                    fmt::format("view {} has two rows of one key ({}): {}", m_view.name,
                                join(m_view.key, ""), two),
                    "Its KEY must tell every row of its SELECT from the others."};
    }
}

bool KeptView::compute(std::int64_t kept_ts_ms) {
    if (park_view()) {
        return false;
    }
    const bool whole = make_new_rows(m_parking != nullptr ? attempt().keys : m_parked);
    note_parked(m_whole && whole);
    refuse_two_rows(temp("new"));
    if (is_bag()) {
        make_bag_difference(whole);
    } else {
        make_difference(whole);
    }
    freeze_difference(kept_ts_ms);
    make_changed();
    return m_connection.number(
               fmt::format("SELECT count(*) FROM {}", quoted_name("changed_" + m_stored))) > 0;
}

/// Old rows of a FREEZE view stay as they are.
void KeptView::freeze_difference(std::int64_t kept_ts_ms) {
    if (!m_frozen) {
        return;
    }
    const std::string name = quoted_name(m_frozen->column);
    const auto place = std::find(m_columns.begin(), m_columns.end(), name) - m_columns.begin();
    const std::string value =
        is_bag() ? name : fmt::format("CASE WHEN was THEN o{0} ELSE n{0} END", place);
    m_connection.execute(
        fmt::format("DELETE FROM {} WHERE {}", temp("diff"), m_frozen->is_old(value, kept_ts_ms)));
}

void KeptView::make_difference(bool whole) {
    std::string differs;
    std::string before;
    std::string after;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        differs += fmt::format(" OR o.{0} IS DISTINCT FROM n.{0}", m_columns[i]);
        before += fmt::format(", o.{} AS o{}", m_columns[i], i);
        after += fmt::format(", n.{} AS n{}", m_columns[i], i);
    }
    const bool some = !whole && !m_view.found_by().empty();
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {0} AS SELECT coalesce(o.\"cdc row\", false) AS was, "
        "coalesce(n.\"cdc row\", false) AS is_now{1}{2} FROM (SELECT true AS \"cdc row\", s.* FROM "
        "{3} "
        "s{4}) "
        "o FULL JOIN (SELECT true AS \"cdc row\", * FROM {5}) n ON {6} WHERE o.\"cdc row\" IS NULL "
        "OR "
        "n.\"cdc row\" IS NULL{7}",
        temp("diff"), before, after, quoted_name(m_stored),
        some ? fmt::format(" SEMI JOIN {} k ON {}", temp("found"), same_key("s", "k")) : "",
        temp("new"),
        m_view.found_by().empty() ? R"(o."cdc row" = n."cdc row")" : same_key("o", "n"), differs));
}

void KeptView::make_changed() {
    if (is_bag()) {
        m_connection.execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {}",
                                         quoted_name("changed_" + m_stored), columns(""),
                                         temp("diff")));
        return;
    }
    std::string old_row;
    std::string new_row;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        old_row += fmt::format("{}o{} AS {}", i == 0 ? "" : ", ", i, m_columns[i]);
        new_row += fmt::format("{}n{}", i == 0 ? "" : ", ", i);
    }
    m_connection.execute(fmt::format("CREATE OR REPLACE TEMP TABLE {0} AS SELECT {1} FROM {2} "
                                     "WHERE was UNION ALL SELECT {3} FROM "
                                     "{2} WHERE is_now",
                                     quoted_name("changed_" + m_stored), old_row, temp("diff"),
                                     new_row));
}

void KeptView::make_bag_difference(bool whole) {
    m_connection.execute(fmt::format(
        "CREATE OR REPLACE TEMP TABLE {0} AS SELECT {1}, sum(\"cdc n\")::BIGINT AS \"cdc n\" FROM "
        "(SELECT {1}, 1 AS \"cdc n\" FROM {2} UNION ALL SELECT {3}, -1 FROM {4} s{5}) GROUP BY {1} "
        "HAVING sum(\"cdc n\") <> 0",
        temp("diff"), columns(""), temp("new"), columns("s."), quoted_name(m_stored),
        whole ? "" : fmt::format(" SEMI JOIN {} k ON {}", temp("found"), same_key("s", "k"))));
}

void KeptView::apply(State& state) {
    if (m_redefined) {
        keep(state);
    }
    const std::string stored = quoted_name(m_stored);
    if (is_bag()) {
        take_equal_rows(m_connection, stored, temp("diff"), m_columns);
        m_connection.execute(
            fmt::format(R"(INSERT INTO {} SELECT {} FROM {}{} WHERE d."cdc n" > 0)", stored,
                        columns("d."), temp("diff"), fmt::format(kCopies, "")));
        return;
    }
    std::string old_keys;
    std::string new_row;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        if (m_lines->table().columns[i].key > 0) {
            old_keys += fmt::format(" AND s.{} IS NOT DISTINCT FROM d.o{}", m_columns[i], i);
        }
        new_row += fmt::format("{}n{}", i == 0 ? "" : ", ", i);
    }
    m_connection.execute(
        fmt::format("DELETE FROM {} s USING {} d WHERE d.was{}", stored, temp("diff"), old_keys));
    m_connection.execute(fmt::format("INSERT INTO {} SELECT {} FROM {} WHERE is_now", stored,
                                     new_row, temp("diff")));
}

void KeptView::write_rows(Outbox& outbox, CutStamp& cut, const std::string& sql, char op,
                          std::size_t before, std::size_t after) {
    duckdb::Result rows = m_connection.stream(sql);
    std::string lines;
    while (rows.next()) {
        for (std::uint64_t row = 0; row < rows.size(); ++row) {
            m_lines->append_change(lines, cut, op, rows, row, before, after);
            ++m_rows_written;
        }
        if (lines.size() >= kOutboxBytes) {
            outbox.append(lines);
            lines.clear();
        }
    }
    outbox.append(lines);
}

void KeptView::write(Outbox& outbox, CutStamp& cut) {
    constexpr std::size_t kNone = ViewLines::kNone;
    if (is_bag()) {
        const std::string row = fmt::format("SELECT {} FROM {}", columns("d."), temp("diff"));
        write_rows(outbox, cut, row + fmt::format(kCopies, "-") + R"( WHERE d."cdc n" < 0)", 'd', 0,
                   kNone);
        write_rows(outbox, cut, row + fmt::format(kCopies, "") + R"( WHERE d."cdc n" > 0)", 'c',
                   kNone, 0);
        return;
    }
    const std::string old_row = fmt::format("SELECT * EXCLUDE (was, is_now) FROM {}", temp("diff"));
    const std::size_t after = m_columns.size();
    write_rows(outbox, cut, old_row + " WHERE was AND NOT is_now", 'd', 0, kNone);
    write_rows(outbox, cut, old_row + " WHERE was AND is_now", 'u', 0, after);
    write_rows(outbox, cut, old_row + " WHERE NOT was AND is_now", 'c', kNone, after);
}

void KeptView::append_table_line(std::string& out, const CutStamp& cut) const {
    m_lines->append_table(out, cut);
}

bool KeptView::start(Outbox& outbox, CutStamp& cut, State& state) {
    if (park_view()) {
        return false;
    }
    const std::string stored = quoted_name(m_stored);
    m_connection.execute(fmt::format("DROP TABLE IF EXISTS {}", stored));
    create_stored();
    refuse_two_rows(stored);
    std::string lines;
    m_lines->append_table(lines, cut);
    m_lines->append_begin(lines, cut);
    outbox.append(lines);
    write_rows(outbox, cut, "SELECT * FROM " + stored, 'r', ViewLines::kNone, 0);
    lines.clear();
    m_lines->append_end(lines, cut);
    outbox.append(lines);
    std::string columns_json;
    event::append_columns(columns_json, m_lines->table().columns);
    state.keep_older_shape(m_view.name, columns_json, cut.position, outbox.first_waiting());
    keep(state);
    m_live = true;
    m_whole = m_waits = false;
    return true;
}

void KeptView::finish() {
    for (const char* table : {"keys", "found", "tried", "new", "diff"}) {
        m_connection.execute("DROP TABLE IF EXISTS " + temp(table));
    }
    m_connection.execute("DROP TABLE IF EXISTS " + quoted_name("changed_" + m_stored));
    m_keys_made = m_whole = false;
}

std::int64_t KeptView::check(std::int64_t kept_ts_ms) {
    if (parked_whole()) {
        return 0;
    }
    const ParkedKeys parked = m_parked;
    Parking* const parking = std::exchange(m_parking, nullptr);
    m_whole = true;
    const auto end = [&] {
        m_parking = parking;
        m_parked = parked; // they were left out
        m_parked_changed = false;
        finish();
    };
    try {
        compute(kept_ts_ms);
    } catch (const RowFailed&) {
        end();
        throw;
    }
    const std::int64_t differing =
        m_connection.number(fmt::format("SELECT count(*) FROM {}", temp("diff")));
    end();
    return differing;
}

} // namespace cdc::transform
