// The shapes of an input table: of its rows, of lines that are older, and what becomes of both.
#include "cdc-transform/input_sql.hpp"
#include "cdc-transform/input_table.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"

#include <algorithm>

namespace cdc::transform {

using base::Error;
using base::ExitCode;
using event::Order;

namespace {

/// In a shape: its place, or that behind all.
std::size_t place_in(const std::vector<event::Column>& columns, const event::Column& wanted) {
    const auto same = std::find_if(columns.begin(), columns.end(), [&](const event::Column& each) {
        return wanted.number != 0 && each.number != 0 ? wanted.number == each.number
                                                      : wanted.name == each.name;
    });
    return static_cast<std::size_t>(same - columns.begin());
}

} // namespace

bool InputTable::has_key_of(const event::Table& other) const {
    std::size_t keys = 0;
    for (const event::Column& column : other.columns) {
        const std::size_t place = place_in(m_stored.shape.columns, column);
        if (column.key > 0) {
            ++keys;
            if (place == m_stored.shape.columns.size() || m_stored.shape.columns[place].key == 0) {
                return false;
            }
        }
    }
    return keys == m_keys.size();
}

bool InputTable::take_shape(const event::Table& shape, Order order) {
    m_older.reset();
    if (shape.columns == m_stored.shape.columns) {
        m_stored.shaped_at = std::max(m_stored.shaped_at, order);
        return false;
    }
    if (order >= m_stored.shaped_at) {
        m_stored.shaped_at = order;
        return true;
    }
    OlderShape older{shape, {}, std::vector<std::string>(m_columns.size())};
    for (const event::Column& column : shape.columns) {
        const std::size_t place = place_in(m_stored.shape.columns, column);
        older.places.emplace(escaped(column.name), place);
        if (place < older.names.size()) {
            older.names[place] = escaped(column.name);
        }
    }
    m_older = std::move(older);
    return false;
}

bool InputTable::has_other_key() const {
    return m_older && !has_key_of(m_older->shape);
}

void InputTable::take_older_key(bool in_order) {
    const OlderShape older = *m_older;
    event::Table shape = m_stored.shape;
    for (event::Column& column : shape.columns) {
        column.key = 0;
    }
    for (const event::Column& column : older.shape.columns) {
        const std::size_t place = place_in(shape.columns, column);
        if (place < shape.columns.size()) {
            shape.columns[place].key = column.key;
        } else if (column.key > 0) {
            throw Error{ExitCode::bad_data,
                        fmt::format("lines of table {} come again from before its key changed, and "
                                    "it has column {} of that key no more",
                                    full_name(), base::in_quotes(column.name)),
                        "Make the state anew from a snapshot."};
        }
    }
    reshape(shape, in_order);
    m_older = older;
}

bool InputTable::has_older_shape_again(Order order) const {
    return m_older && order > m_stored.shaped_at;
}

/// Lines of the key that ends become rows by it: another one does not find their rows. A cut of
/// another input may keep them before their own does, and they come again then.
void InputTable::apply_staged(bool in_order) {
    if (m_stage == nullptr) {
        return;
    }
    if (is_bag()) {
        prepare_bag(m_truncated_at, in_order || m_stored.taken != Order{});
    } else {
        prepare_keyed(m_truncated_at);
    }
    apply(0);
    drop_lines();
}

void InputTable::reshape(const event::Table& shape, bool in_order) {
    if (shape.columns == m_stored.shape.columns) {
        return;
    }
    close_appenders();
    if (m_stored.reading) { // of which no row may have come
        m_connection.execute("CREATE TABLE IF NOT EXISTS " + lines_table("cdc.p" + m_id));
    }
    const std::vector<event::Column> before = m_stored.shape.columns;
    const std::vector<StoredColumn> stored_before = m_columns;
    const bool same_key = has_key_of(shape);
    if (!same_key) {
        apply_staged(in_order);
    }
    const std::uint32_t oid = m_stored.shape.oid;
    m_stored.shape = shape;
    m_stored.shape.oid = oid;
    read_shape();
    std::vector<std::size_t> from; ///< of each column, its place before; before.size(): it is new
    for (const event::Column& column : shape.columns) {
        from.push_back(place_in(before, column));
    }
    if (m_stage != nullptr) {
        m_stage.reset();
        move_lines("stage" + m_id, from);
        m_stage = std::make_unique<duckdb::Appender>(m_connection, "", "stage" + m_id);
        // Which columns lines lack is in the lines; whether any does is looked up at the cut.
        m_unfilled.assign(m_columns.size(), true);
    }
    if (m_stored.reading) {
        move_lines("cdc.p" + m_id, from);
    }
    move_rows(from, stored_before, same_key);
    m_reshaped = m_touched = true;
}

/// SQL for the text of what rows have that are older than the column.
std::string InputTable::default_text(std::size_t column) const {
    const std::string& json = m_stored.shape.columns[column].default_json;
    if (json.empty() || json == "null") {
        return "NULL::VARCHAR";
    }
    return duckdb::quoted_text(json.front() == '"' ? event::json_string_value(json) : json) +
           "::VARCHAR";
}

void InputTable::move_lines(const std::string& name, const std::vector<std::size_t>& from) const {
    const std::size_t before = m_connection.query("SELECT * FROM " + name).names().size() - 4;
    std::string missing;
    for (const std::size_t place : from) {
        missing += missing.empty() ? "" : " || ";
        missing += place < before ? fmt::format("substr(missing, {}, 1)", place + 1) : "'0'";
    }
    const bool temporary = name.rfind("cdc.", 0) != 0;
    const std::string other = name + "_new";
    m_connection.execute(fmt::format(
        "CREATE {} TABLE {} AS SELECT seq, op, ord, CASE WHEN missing IS NOT NULL THEN {} END AS "
        "missing, {} FROM {}",
        temporary ? "TEMP" : "", other, missing,
        list_of(from.size(),
                [&](std::size_t i) {
                    return (from[i] < before ? column_name(from[i]) : default_text(i)) + " AS " +
                           column_name(i);
                }),
        name));
    m_connection.execute("DROP TABLE " + name);
    m_connection.execute(
        fmt::format("ALTER TABLE {} RENAME TO {}", other, temporary ? name : name.substr(4)));
}

void InputTable::move_rows(const std::vector<std::size_t>& from,
                           const std::vector<StoredColumn>& before, bool same_key) {
    const auto value = [&](std::size_t i) {
        const std::string& wanted = m_columns[i].type;
        if (from[i] >= before.size()) {
            const std::string text = default_text(i);
            return fmt::format("CAST({} AS {}) AS c{}", m_columns[i].from_text(text), wanted, i);
        }
        const std::string old = column_name(from[i]);
        const std::string& held = before[from[i]].type;
        if (held == wanted) {
            return fmt::format("{} AS c{}", old, i);
        }
        const bool decimal = held.starts_with("DECIMAL");
        return fmt::format("CAST({}(CAST({} AS VARCHAR)) AS {}) AS c{}",
                           decimal ? "cdc_decimal" : "", old, wanted, i);
    };
    replace_rows(list_of(from.size(), value),
                 same_key ? list_of(m_keys.size(), [&](std::size_t i) { return value(m_keys[i]); })
                          : "");
}

bool InputTable::has_other_type(std::size_t column) const {
    const std::string& is = m_types_held[column];
    const std::string& wanted = m_columns[column].type;
    return (is == "VARCHAR") != (wanted == "VARCHAR") ||
           (is.starts_with("DECIMAL") && wanted.starts_with("DECIMAL") && is != wanted);
}

bool InputTable::has_other_types() {
    duckdb::Result described =
        m_connection.query("SELECT column_type FROM (DESCRIBE cdc.t" + m_id + ")");
    m_types_held.clear();
    while (described.next()) {
        for (std::uint64_t row = 0; row < described.size(); ++row) {
            m_types_held.emplace_back(described.column(0).text(row));
        }
    }
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        if (has_other_type(i)) {
            return true;
        }
    }
    return false;
}

void InputTable::retype() {
    const auto value = [&](std::size_t i) {
        const std::string column = column_name(i);
        const std::string& wanted = m_columns[i].type;
        if (!has_other_type(i)) {
            return column;
        }
        if (wanted == "VARCHAR") {
            throw Error{ExitCode::refused,
                        fmt::format("the state has column {} of table {} as {}, the view file has "
                                    "it as text",
                                    base::in_quotes(m_stored.shape.columns[i].name), full_name(),
                                    m_types_held[i]),
                        "Give it the TYPE that it had, or make the state anew."};
        }
        return fmt::format("CAST({} AS {}) AS {}",
                           m_columns[i].from_text(fmt::format("CAST({} AS VARCHAR)", column)),
                           wanted, column);
    };
    replace_rows(list_of(m_columns.size(), value),
                 list_of(m_keys.size(), [&](std::size_t i) { return value(m_keys[i]); }));
    m_reshaped = m_touched = true;
}

/// `keys`: those of deleted rows; "": the key is another one, and they are forgotten.
void InputTable::replace_rows(const std::string& values, const std::string& keys) {
    const auto replace = [this](const char* table, const std::string& items) {
        m_connection.execute(fmt::format("CREATE TABLE cdc.{0}_new AS SELECT {1} FROM cdc.{0}",
                                         table + m_id, items));
        m_connection.execute(fmt::format("DROP TABLE cdc.{}", table + m_id));
        m_connection.execute(fmt::format("ALTER TABLE cdc.{0}_new RENAME TO {0}", table + m_id));
    };
    replace("t", values + ", ord");
    if (keys.empty()) {
        m_connection.execute("DROP TABLE IF EXISTS cdc.g" + m_id);
    } else {
        replace("g", keys + R"(, ord, "at")");
    }
    make_tables();
}

} // namespace cdc::transform
