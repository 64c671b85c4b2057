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

TablePlan::TablePlan(TableMap map) : m_map{std::move(map)}, m_layout{m_map} {}

TablePlan TablePlan::skipped(TableMap map) {
    return TablePlan{std::move(map)};
}

TablePlan::TablePlan(TableMap table_map, SourceLookup& lookup, bool mariadb)
    : TablePlan{std::move(table_map)} {
    m_captured = true;
    if (!m_map.has_names) {
        throw Error{
            ExitCode::refused,
            fmt::format("the log does not say the columns of table '{}.{}'", m_map.db, m_map.table),
            "SET GLOBAL binlog_row_metadata=FULL on the source; what was written before "
            "must be read by a snapshot"};
    }
    const bool special =
        mariadb && std::any_of(m_map.columns.begin(), m_map.columns.end(), may_be_special);
    TableFacts facts;
    if (special || m_map.primary_key.empty()) {
        facts = lookup.describe(m_map.db, m_map.table);
    }
    m_shape.db = m_map.db;
    m_shape.table = m_map.table;
    for (const TableMap::Column& source : m_map.columns) {
        const auto declared = facts.types.find(source.name);
        ColumnPlan planned = plan_column(source, declared == facts.types.end() ? std::string_view{}
                                                                               : declared->second);
        Column column;
        column.name = source.name;
        event::append_json_string(column.member, column.name);
        column.member += ':';
        column.codec = std::move(planned.codec);
        m_columns.push_back(std::move(column));
        m_shape.columns.push_back(std::move(planned.shape));
    }
    choose_key(facts);
    m_version = event::shape_version(m_shape.columns);
    m_source_members = "\"db\":";
    event::append_json_string(m_source_members, m_map.db);
    m_source_members += ",\"table\":";
    event::append_json_string(m_source_members, m_map.table);
}

/// The primary key of the log, else the first unique key of the catalog whose columns the log has
/// and does not allow to be NULL.
void TablePlan::choose_key(const TableFacts& facts) {
    std::vector<std::size_t> key = m_map.primary_key;
    if (key.empty()) {
        for (const auto& names : facts.unique_keys) {
            std::vector<std::size_t> places;
            for (const std::string& name : names) {
                const auto found = std::find_if(m_columns.begin(), m_columns.end(),
                                                [&](const Column& c) { return c.name == name; });
                const auto place = static_cast<std::size_t>(found - m_columns.begin());
                if (found == m_columns.end() || m_map.columns[place].nullable) {
                    places.clear();
                    break;
                }
                places.push_back(place);
            }
            if (!places.empty()) {
                key = std::move(places);
                break;
            }
        }
    }
    int number = 0;
    for (const std::size_t place : key) {
        m_columns[place].in_key = true;
        m_shape.columns[place].key = ++number;
    }
    std::sort(key.begin(), key.end());
    m_key = std::move(key);
}

namespace {

void append_member(std::string& out, const TablePlan::Column& column, const Cell& cell,
                   const Cell* before) {
    out += column.member;
    if (cell.state == Cell::State::null) {
        out += "null";
        return;
    }
    try {
        if (cell.state == Cell::State::diff) {
            if (before == nullptr || before->state != Cell::State::value) {
                fail(ExitCode::bad_data, "a partial update of a value that the log does not carry");
            }
            std::string text;
            append_json_with_diffs(text, before->bytes, cell.bytes);
            event::append_json_string(out, text);
            return;
        }
        append_value(out, column.codec, cell.bytes);
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
        append_member(out, plan.columns()[i], *cell, before);
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
        append_member(out, plan.columns()[i], *cell, before);
    }
    out += '}';
}

} // namespace cdc::mysql
