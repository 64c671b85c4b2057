#include "mysql/table_plan.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "mysql/column_type.hpp"
#include "mysql/json_binary.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

/// A column that MariaDB may keep the begin or the end of a row's version in.
bool may_be_period(const TableMap::Column& column) {
    return !column.nullable && ((column.type == ColumnType::timestamp2 && column.metadata == 6) ||
                                (column.type == ColumnType::longlong && column.is_unsigned));
}

/// A column that MariaDB itself makes for a unique key on long texts, at the end of the table. The
/// log has it, and no SELECT.
bool may_be_hash(const TableMap::Column& column) {
    return column.type == ColumnType::longlong && column.name.starts_with("DB_ROW_HASH_");
}

bool has_collation(ValueKind kind) {
    return kind == ValueKind::text || kind == ValueKind::enumeration || kind == ValueKind::set;
}

/// Of a format from before MySQL 5.6.
bool is_old_time(const TableMap::Column& column) {
    return column.type == ColumnType::time || column.type == ColumnType::datetime ||
           column.type == ColumnType::timestamp;
}

} // namespace

TablePlan::TablePlan(TableMap map) : m_map{std::move(map)}, m_layout{m_map} {}

TablePlan TablePlan::skipped(TableMap map) {
    return TablePlan{std::move(map)};
}

TablePlan::TablePlan(TableMap table_map, SourceLookup& lookup, bool mariadb,
                     const event::ColumnEdits& edits, event::Encoding encoding)
    : TablePlan{std::move(table_map)} {
    m_captured = true;
    m_edits = edits;
    m_encoding = encoding;
    if (!m_map.has_names) {
        throw Error{
            ExitCode::refused,
            fmt::format("the log does not say the columns of table '{}.{}'", m_map.db, m_map.table),
            "SET GLOBAL binlog_row_metadata=FULL on the source; what was written before "
            "must be read by a snapshot, or with --allow-minimal-metadata"};
    }
    const bool special =
        mariadb && (std::any_of(m_map.columns.begin(), m_map.columns.end(),
                                [](const TableMap::Column& column) {
                                    return may_be_special(column) || may_be_hash(column) ||
                                           is_old_time(column);
                                }) ||
                    std::count_if(m_map.columns.begin(), m_map.columns.end(), may_be_period) >= 2);
    TableFacts facts;
    m_of_catalog = special;
    if (special) {
        facts = lookup.describe(m_map.db, m_map.table);
    }
    refuse_old_fractions(facts);
    m_shape.db = m_map.db;
    m_shape.table = m_map.table;
    for (const TableMap::Column& source : m_map.columns) {
        const bool hidden = mariadb && may_be_hash(source) && !facts.types.contains(source.name);
        add_column(source, facts, hidden, lookup);
    }
    if (m_shape.columns.empty() && !m_columns.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("every column of table '{}.{}' is left out", m_map.db, m_map.table),
                    "--exclude leaves out a table."};
    }
    find_row_end(facts);
    choose_key(facts);
    check_row_edits();
    m_version = event::shape_version(m_shape.columns);
    write_source_members();
}

void TablePlan::write_source_members() {
    m_source_members = "\"db\":";
    event::append_json_string(m_source_members, m_map.db);
    m_source_members += ",\"table\":";
    event::append_json_string(m_source_members, m_map.table);
    if (m_encoding == event::Encoding::debezium) {
        m_source_members += event::kDebeziumMember;
    }
}

void TablePlan::finish_value(std::string& out, std::size_t start, const Column& column) const {
    if (column.masked()) {
        m_edits.edit_value(out, start, column.edit);
    } else {
        write_debezium_form(out, start, column.debezium);
    }
}

void TablePlan::set_old_rows(const std::string& column, std::string value) {
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        if (m_columns[i].name == column && !m_columns[i].left_out()) {
            Column of_table = m_columns[i];
            of_table.edit = of_table.edit.of_table();
            finish_value(value, 0, of_table);
            m_shape.columns[shape_place(i)].default_json = std::move(value);
            m_version = event::shape_version(m_shape.columns);
            return;
        }
    }
}

/// With mysql56_temporal_format=OFF MariaDB keeps such a column in a size that no log says.
void TablePlan::refuse_old_fractions(const TableFacts& facts) const {
    for (const TableMap::Column& column : m_map.columns) {
        if (is_old_time(column) && facts.with_fraction.contains(column.name)) {
            throw Error{ExitCode::refused,
                        fmt::format("column {} of table '{}.{}' has parts of seconds in an old "
                                    "format, whose size is not in the log",
                                    in_quotes(column.name), m_map.db, m_map.table),
                        fmt::format("ALTER TABLE {}.{} FORCE, with "
                                    "mysql56_temporal_format=ON, and begin anew behind it with a "
                                    "snapshot; or leave the table out (--exclude)",
                                    m_map.db, m_map.table)};
        }
    }
}

void TablePlan::add_column(const TableMap::Column& source, const TableFacts& facts, bool hidden,
                           SourceLookup& lookup) {
    const auto declared = facts.types.find(source.name);
    ColumnPlan planned =
        plan_column(source, declared == facts.types.end() ? std::string_view{} : declared->second);
    Column column;
    column.name = source.name;
    event::append_json_string(column.member, column.name);
    column.member += ':';
    column.codec = std::move(planned.codec);
    if (!m_edits.empty()) {
        column.edit = m_edits.of(m_map.db, m_map.table, column.name);
    }
    if (hidden ||
        (facts.hides_period && (column.name == "row_start" || column.name == "row_end"))) {
        column.edit = {event::ColumnEdits::Kind::leave_out, ""};
    }
    if (m_encoding == event::Encoding::debezium) {
        column.debezium = debezium_form(planned.shape, column.codec);
    }
    if (column.masked()) {
        event::mask_column(planned.shape);
    } else if (!column.left_out() && has_collation(column.codec.kind)) {
        if (std::string name = lookup.collations().inexact_name(source); !name.empty()) {
            m_shape.collations.emplace(column.name, std::move(name));
        }
    }
    if (!column.left_out()) {
        m_shape.columns.push_back(std::move(planned.shape));
    }
    m_columns.push_back(std::move(column));
}

void TablePlan::check_key_edit(const Column& column) const {
    if (column.left_out() || column.edit.kind == event::ColumnEdits::Kind::fixed) {
        throw Error{
            ExitCode::refused,
            fmt::format("column {} of table '{}.{}' belongs to its key, which must tell its "
                        "rows apart",
                        in_quotes(column.name), m_map.db, m_map.table),
            "--mask COLUMN=hash and --encrypt COLUMN keep keys apart."};
    }
    if (column.edit.kind == event::ColumnEdits::Kind::encrypt_random) {
        throw event::random_key(column.name, m_map.db + "." + m_map.table);
    }
}

void TablePlan::check_row_edits() const {
    for (const Column& column : m_columns) {
        if (m_key.empty() && column.edit.kind == event::ColumnEdits::Kind::encrypt_random) {
            throw event::random_row(column.name, m_map.db + "." + m_map.table);
        }
    }
}

std::size_t TablePlan::shape_place(std::size_t place) const {
    const auto end = m_columns.begin() + static_cast<std::ptrdiff_t>(place);
    const auto left_out = std::count_if(m_columns.begin(), end,
                                        [](const Column& column) { return column.left_out(); });
    return place - static_cast<std::size_t>(left_out);
}

void TablePlan::find_row_end(const TableFacts& facts) {
    const auto found = std::find_if(m_columns.begin(), m_columns.end(), [&](const Column& column) {
        return !facts.row_end.empty() && column.name == facts.row_end;
    });
    if (found != m_columns.end()) {
        m_row_end = static_cast<std::size_t>(found - m_columns.begin());
    }
}

/// Empty where the log has no hash of one, or a column may be NULL: then the key is younger than
/// the rows.
std::vector<std::size_t> TablePlan::long_key(const TableFacts& facts) const {
    if (std::none_of(m_map.columns.begin(), m_map.columns.end(), may_be_hash)) {
        return {};
    }
    std::vector<std::size_t> key;
    for (const std::string& name : facts.long_key) {
        const auto found = std::find_if(m_columns.begin(), m_columns.end(),
                                        [&](const Column& column) { return column.name == name; });
        const auto place = static_cast<std::size_t>(found - m_columns.begin());
        if (found == m_columns.end() || m_map.columns[place].nullable) {
            return {};
        }
        key.push_back(place);
    }
    return key;
}

/// That of the log, which has a unique key in place of a primary one. One that the catalog alone
/// has may be younger than the rows.
void TablePlan::choose_key(const TableFacts& facts) {
    std::vector<std::size_t> key = m_map.primary_key;
    if (facts.hides_period && m_row_end) { // it belongs to the key of the log, and is one value now
        std::erase(key, *m_row_end);
    }
    if (key.empty()) {
        key = long_key(facts);
    }
    int number = 0;
    for (const std::size_t place : key) {
        check_key_edit(m_columns[place]);
        m_columns[place].in_key = true;
        m_shape.columns[shape_place(place)].key = ++number;
    }
    std::sort(key.begin(), key.end());
    m_key = std::move(key);
}

namespace {

void append_value_of(std::string& out, const TablePlan::Column& column, const Cell& cell,
                     const Cell* before) {
    if (cell.state != Cell::State::diff) {
        append_value(out, column.codec, cell.bytes);
        return;
    }
    if (before == nullptr || before->state != Cell::State::value) {
        throw Error{ExitCode::bad_data, "a partial update of a value that the log does not carry",
                    "SET GLOBAL binlog_row_image=FULL, or binlog_row_value_options='', on the "
                    "source, and read the table again with a snapshot"};
    }
    std::string text;
    append_json_with_diffs(text, before->bytes, cell.bytes);
    event::append_json_string(out, text);
}

void append_member(std::string& out, const TablePlan& plan, std::size_t place, const Cell& cell,
                   const Cell* before) {
    const TablePlan::Column& column = plan.columns()[place];
    out += column.member;
    if (cell.state == Cell::State::null) {
        out += "null";
        return;
    }
    try {
        const std::size_t start = out.size();
        append_value_of(out, column, cell, before);
        plan.finish_value(out, start, column);
    } catch (const Error& error) {
        throw Error{error.code(),
                    fmt::format("column {}: {}", in_quotes(column.name), error.what()),
                    error.hint()};
    }
}

} // namespace

void append_key(std::string& out, const TablePlan& plan, const std::vector<Cell>& row,
                const std::vector<Cell>* other) {
    if (plan.key().empty()) {
        out += "null";
        return;
    }
    char separator = '{';
    for (const std::size_t i : plan.key()) {
        const Cell* cell = &row[i];
        const Cell* before = other == nullptr ? nullptr : &(*other)[i];
        if (cell->state == Cell::State::absent && before != nullptr) {
            cell = before;
        }
        if (cell->state == Cell::State::absent) {
            throw Error{ExitCode::bad_data,
                        fmt::format("column {}: the log does not carry this part of the key",
                                    in_quotes(plan.columns()[i].name)),
                        "SET GLOBAL binlog_row_image=FULL on the source"};
        }
        out += separator;
        append_member(out, plan, i, *cell, before);
        separator = ',';
    }
    out += '}';
}

void append_row(std::string& out, const TablePlan& plan, const std::vector<Cell>& row,
                const std::vector<Cell>* other, std::vector<std::size_t>& missing) {
    missing.clear();
    out += '{';
    bool first = true;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (plan.columns()[i].left_out()) {
            continue;
        }
        const Cell* cell = &row[i];
        const Cell* before = other == nullptr ? nullptr : &(*other)[i];
        if (cell->state == Cell::State::absent && before != nullptr) {
            cell = before;
        }
        if (cell->state == Cell::State::absent) {
            missing.push_back(i);
            continue;
        }
        if (!first) {
            out += ',';
        }
        first = false;
        append_member(out, plan, i, *cell, before);
    }
    out += '}';
}

} // namespace cdc::mysql
