#include "clickhouse/schema.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/row_format.hpp"
#include "clickhouse/stored_name.hpp"
#include "event/json_cursor.hpp"
#include "event/line_decoder.hpp"

#include <algorithm>

namespace cdc::clickhouse {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

std::string key_list(const TargetShape& shape) {
    std::string out;
    for (const std::size_t index : shape.key) {
        out += out.empty() ? "" : ", ";
        out += quote_identifier(shape.columns[index].stored);
    }
    return out;
}

/// `name` of a view's table.
std::string of_view(std::string_view name) {
    return std::string{kViewAlias} + "." + quote_identifier(name);
}

std::string default_sql(const TargetColumn& column);

std::string default_array_sql(const TargetColumn& column) {
    TargetColumn element = column;
    element.mapping.type.array = false;
    std::string list;
    event::JsonCursor cursor{array_elements(column.default_json)};
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        element.default_json = cursor.value();
        list += (list.empty() ? "" : ", ") + default_sql(element);
    }
    return "CAST([" + list + "] AS " + type_text(column.mapping.type) + ")";
}

/// A constant of the source as SQL of the column's type.
std::string default_sql(const TargetColumn& column) {
    const std::string& json = column.default_json;
    Type type = column.mapping.type;
    type.low_cardinality = false;
    if (json == "null") {
        return "NULL";
    }
    if (type.array) {
        return default_array_sql(column);
    }
    if (json.front() != '"') {
        if (type.kind == Kind::string) {
            return quote_string(json);
        }
        // Of floats: ClickHouse keeps the text of a default, in which the number -0 is a whole one.
        return json == "-0" ? "CAST('-0' AS " + type_text(type) + ")" : json;
    }
    std::string text = event::json_string_value(json);
    if (column.mapping.base64) {
        std::string bytes;
        base::append_base64_decoded(bytes, text);
        return quote_string(bytes);
    }
    if (type.kind == Kind::datetime64) {
        std::replace(text.begin(), text.end(), 'T', ' ');
        if (!text.empty() && text.back() == 'Z') {
            text.pop_back();
        }
    }
    if (type.kind == Kind::string) {
        return quote_string(text);
    }
    return "CAST(" + quote_string(text) + " AS " + type_text(type) + ")";
}

std::string column_sql(const TargetColumn& column) {
    std::string out = quote_identifier(column.stored) + " " + type_text(column.mapping.type);
    if (!column.default_json.empty() && column.default_json != "null") {
        out += " DEFAULT " + default_sql(column);
    }
    return out;
}

/// What a raw table is ordered by, as names.
std::vector<std::string> sorting_columns(const Target& target, const TargetShape& shape) {
    const Layout& own = target.own();
    std::vector<std::string> names;
    for (const std::size_t index : shape.key) {
        names.push_back(shape.columns[index].stored);
    }
    if (!shape.keyed()) {
        names = {own.version, own.row};
    } else if (shape.history) {
        names.push_back(own.version);
    }
    return names;
}

std::string sorting_list(const Target& target, const TargetShape& shape) {
    const Layout& own = target.own();
    const std::string version = quote_if_needed(own.version);
    if (!shape.keyed()) {
        return version + ", " + quote_if_needed(own.row);
    }
    return key_list(shape) + (shape.history ? ", " + version : "");
}

void check_same_key(const Target& target, const TargetShape& shape, std::string_view sorting_key) {
    const std::vector<std::string> wanted = sorting_columns(target, shape);
    const std::vector<std::string> found = split_sorting_key(sorting_key);
    if (found != wanted) {
        throw ShapeConflict{
            ExitCode::refused,
            fmt::format("the target's table {} is ordered by ({}), but the source's key is "
                        "now ({})",
                        in_quotes(target.raw), fmt::join(found, ", "),
                        shape.keyed() ? fmt::format("{}", fmt::join(wanted, ", ")) : "none"),
            "ClickHouse cannot change a table's key: load a new snapshot of the table with "
            "--rebuild, or load into another table (--table-name)."};
    }
}

/// On a cluster, the rows' tables first: who reads by the other finds there what it asks for.
void alter_all(const Target& target, const std::string& what,
               std::vector<std::string>& statements) {
    const std::string on_cluster = target.own().on_cluster();
    statements.push_back("ALTER TABLE " + quote_identifier(target.stored) + on_cluster + " " +
                         what);
    if (target.own().clustered()) {
        statements.push_back("ALTER TABLE " + quote_identifier(target.raw) + on_cluster + " " +
                             what);
    }
}

/// Macros are the servers'. `shard`: of each shard; else all servers hold the same.
std::string engine_sql(const Layout& layout, bool shard, std::string_view arguments) {
    if (!layout.clustered()) {
        return arguments.empty() ? "ReplacingMergeTree"
                                 : fmt::format("ReplacingMergeTree({})", arguments);
    }
    return fmt::format("ReplicatedReplacingMergeTree('/clickhouse/tables/{{uuid}}/{}', '{}'{}{})",
                       shard ? "{shard}" : "all", shard ? "{replica}" : "{shard}_{replica}",
                       arguments.empty() ? "" : ", ", arguments);
}

void widen(const Target& target, const TargetShape& shape, TargetColumn& column,
           const ExistingColumn& existing, std::vector<std::string>& statements) {
    if (keep_wider_type(column, existing.type)) {
        return;
    }
    const std::optional<Type> have = parse_type(existing.type);
    Type wanted = column.mapping.type;
    if (have && have->nullable && !wanted.nullable) {
        wanted.nullable = true;
    }
    const bool in_key = std::any_of(shape.key.begin(), shape.key.end(), [&](std::size_t index) {
        return shape.columns[index].stored == column.stored;
    });
    if (!have || in_key || !widens(*have, wanted)) {
        throw ShapeConflict{
            ExitCode::refused,
            fmt::format("column {} of {} is {}, and cannot become {}", in_quotes(column.name),
                        in_quotes(target.raw), existing.type, type_text(wanted)),
            in_key ? "ClickHouse cannot change the type of a key column: load a new snapshot of "
                     "the table with --rebuild, or load into another table (--table-name)."
                   : "Change the column by hand, load a new snapshot of the table with --rebuild, "
                     "or load into another table (--table-name)."};
    }
    column.mapping.type = wanted;
    // Its default stays: old rows may have no other value.
    alter_all(
        target,
        fmt::format("MODIFY COLUMN {} {}", quote_identifier(column.stored), type_text(wanted)),
        statements);
}

} // namespace

bool keep_wider_type(TargetColumn& column, std::string_view type) {
    const std::optional<Type> have = parse_type(type);
    const Type wanted = column.mapping.type;
    if (!have || !holds(*have, wanted)) {
        return false;
    }
    column.mapping.type = *have;
    if (have->kind == Kind::string && (wanted.kind != Kind::string || wanted.array)) {
        column.mapping.only_strings = false;
        column.mapping.base64 &= have->array;
    }
    return true;
}

std::vector<std::string> modify_column_sql(const Target& target, std::string_view column,
                                           std::string_view type) {
    std::vector<std::string> statements;
    alter_all(target, fmt::format("MODIFY COLUMN {} {}", quote_identifier(column), type),
              statements);
    return statements;
}

std::vector<std::string> split_sorting_key(std::string_view text) {
    // `ORDER BY (a)` comes back as "(a)", `ORDER BY (a, b)` as "a, b".
    if (text.size() > 1 && text.front() == '(' && text.back() == ')') {
        text = text.substr(1, text.size() - 2);
    }
    std::vector<std::string> names;
    while (!text.empty()) {
        std::size_t end = 0;
        bool quoted = false;
        while (end < text.size() && (quoted || text[end] != ',')) {
            if (quoted && text[end] == '\\') {
                ++end;
            } else if (text[end] == '`') {
                quoted = !quoted;
            }
            ++end;
        }
        names.push_back(unquote_identifier(text.substr(0, end)));
        text.remove_prefix(std::min(text.size(), end + 1));
        while (!text.empty() && text.front() == ' ') {
            text.remove_prefix(1);
        }
    }
    return names;
}

TargetShape make_shape(std::string_view connector, const std::vector<event::Column>& columns,
                       const Layout& layout) {
    TargetShape shape;
    shape.history = layout.history();
    std::vector<std::pair<int, std::size_t>> key;
    for (const event::Column& column : columns) {
        std::string stored = stored_column(column.name, layout);
        if (layout.is_own(stored)) {
            throw Error{ExitCode::refused,
                        fmt::format("the source column {} is stored as {}, the name of one of the "
                                    "loader's own",
                                    in_quotes(column.name), in_quotes(stored)),
                        "Give the loader's own column another name, for example --version-column."};
        }
        if (column.key > 0) {
            key.emplace_back(column.key, shape.columns.size());
        }
        shape.columns.push_back(
            {column.name, std::move(stored), map_column(connector, column), column.default_json});
    }
    std::sort(key.begin(), key.end());
    for (const auto& [place, index] : key) {
        shape.key.push_back(index);
    }
    return shape;
}

std::string create_raw_sql(const Target& target, const TargetShape& shape) {
    const Layout& own = target.own();
    const auto line = [](const std::string& name, std::string_view rest) {
        return fmt::format("    {} {},\n", quote_identifier(name), rest);
    };
    std::string out = "CREATE TABLE IF NOT EXISTS " + quote_identifier(target.stored) +
                      own.on_cluster() + "\n(\n";
    for (const TargetColumn& column : shape.columns) {
        out += "    " + column_sql(column) + ",\n";
    }
    out += line(own.version, "UInt128");
    if (!shape.keyed()) {
        out += line(own.row, "UInt64") + line(own.sign, "Int8");
    } else if (!shape.history) {
        out += line(own.deleted, "UInt8");
    }
    if (shape.history) {
        out += line(own.operation, "LowCardinality(String)");
    }
    out += line(own.source_time, "Int64");
    out += fmt::format("    {} DateTime64(3, 'UTC') DEFAULT now64(3)\n)\nENGINE = ",
                       quote_identifier(own.synced_at));
    out += engine_sql(own, true,
                      shape.keyed() && !shape.history
                          ? quote_if_needed(own.version) + ", " + quote_if_needed(own.deleted)
                          : "");
    return out + "\nORDER BY (" + sorting_list(target, shape) + ")";
}

std::string create_distributed_sql(const Target& target, const TargetShape& shape,
                                   std::string_view database) {
    const Layout& own = target.own();
    const std::string by = shape.keyed()
                               ? key_list(shape)
                               : quote_if_needed(own.version) + ", " + quote_if_needed(own.row);
    return fmt::format("CREATE TABLE IF NOT EXISTS {}{} AS {}\nENGINE = Distributed({}, {}, {}, "
                       "cityHash64({}))",
                       quote_identifier(target.raw), own.on_cluster(),
                       quote_identifier(target.stored), quote_string(own.cluster),
                       quote_string(database), quote_string(target.stored), by);
}

std::string barrier_sql(std::string_view table) {
    return fmt::format("{}(SELECT max(version) FROM {} WHERE scope = 'table' AND name = {} AND "
                       "item = 'barrier'), 0)",
                       kBarrierStart, kStateTable, quote_string(table));
}

std::string select_current_sql(const Target& target, const std::vector<std::string>& columns,
                               const TargetShape& shape) {
    const Layout& own = target.own();
    std::string list;
    std::string select;
    for (const std::string& column : columns) {
        list += (list.empty() ? "" : ", ") + of_view(column);
        select += of_view(column) + " AS " + quote_identifier(column) + ", ";
    }
    const auto select_but_last = std::string_view{select}.substr(0, select.size() - 2);
    const std::string version = of_view(own.version);
    const bool last_of_key = shape.keyed() && shape.history;
    const std::string from =
        fmt::format("FROM {} AS {}{}\nWHERE {} >= {}", quote_identifier(target.raw), kViewAlias,
                    last_of_key ? "" : " FINAL", version, barrier_sql(target.name));
    if (last_of_key) {
        // The reverse of the sorting key: rows are read in their order, nothing is sorted.
        std::string order;
        std::string keys;
        for (const std::size_t index : shape.key) {
            const std::string key = of_view(shape.columns[index].stored);
            order += key + " DESC, ";
            keys += (keys.empty() ? "" : ", ") + key;
        }
        const std::string operation = of_view(own.operation);
        return fmt::format(
            "SELECT {0}\nFROM\n(\nSELECT {1}{2} AS {3}\n{4} AND {2} != 't'\nORDER BY "
            "{5}{6} DESC\nLIMIT 1 BY {7}\n) AS {8}\nWHERE {2} != 'd'",
            select_but_last, select, operation, quote_identifier(own.operation), from, order,
            version, keys, kViewAlias);
    }
    if (shape.keyed()) {
        return fmt::format("SELECT {}\n{}", select_but_last, from);
    }
    const std::string no_column = fmt::format("toUInt8(0) AS {}", kNoColumn);
    return fmt::format("SELECT {0}\nFROM\n(\nSELECT {1}sum({2}) AS `{6}`\n{3}\n{4}HAVING `{6}` > "
                       "0\n) AS {5}\nARRAY JOIN range(toUInt64({5}.`{6}`)) AS `_cdc time`",
                       list.empty() ? no_column : select_but_last, select, of_view(own.sign), from,
                       list.empty() ? "" : "GROUP BY " + list + "\n", kViewAlias, kTimes);
}

std::string create_view_sql(const Target& target, const std::vector<std::string>& columns,
                            const TargetShape& shape) {
    std::string rows = select_current_sql(target, columns, shape);
    std::string list;
    bool renamed = false;
    for (const std::string& column : columns) {
        const std::string name = source_column(column, target.own());
        renamed |= name != column;
        list += (list.empty() ? "" : ", ") + of_view(column) + " AS " + quote_identifier(name);
    }
    if (renamed) {
        // Outside, as a name in a SELECT counts in its WHERE too, before the table's column.
        rows = fmt::format("SELECT {}\nFROM\n(\n{}\n) AS {}", list, rows, kViewAlias);
    }
    return fmt::format("CREATE OR REPLACE VIEW {}{} AS\n{}", quote_identifier(target.view),
                       target.own().on_cluster(), rows);
}

std::string create_pending_sql(const Target& target) {
    const Layout& own = target.own();
    return fmt::format("CREATE TABLE IF NOT EXISTS {}{}\n(\n    `_key` String,\n    `_version` "
                       "UInt128,\n    `_line` String,\n    `_done` UInt8\n)\nENGINE = {}\n"
                       "ORDER BY (_key, _version)",
                       quote_identifier(target.pending), own.on_cluster(),
                       engine_sql(own, false, "_done"));
}

std::string create_state_sql(const Layout& layout) {
    return fmt::format(
        "CREATE TABLE IF NOT EXISTS {}{}\n(\n    `scope` LowCardinality(String),\n    `name` "
        "String,"
        "\n    `item` String,\n    `version` UInt128,\n    `position` String,\n    `value` String,"
        "\n    `commit_time` DateTime64(3, 'UTC'),\n    `load_time` DateTime64(3, 'UTC')\n)\n"
        "ENGINE = {}\nORDER BY (scope, name, item)",
        kStateTable, layout.on_cluster(), engine_sql(layout, false, "version"));
}

std::vector<RowColumn> row_columns(const Target& target, const TargetShape& shape) {
    const Layout& own = target.own();
    std::vector<RowColumn> columns;
    const auto add = [&](std::size_t index) {
        const TargetColumn& column = shape.columns[index];
        columns.push_back({column.stored, type_text(column.mapping.type), false});
    };
    const bool version_in_key = shape.keyed() && shape.history;
    for (const std::size_t index : shape.key) {
        add(index);
    }
    if (version_in_key) {
        columns.push_back({own.version, "UInt128", true});
    }
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        if (std::find(shape.key.begin(), shape.key.end(), i) == shape.key.end()) {
            add(i);
        }
    }
    if (!version_in_key) {
        columns.push_back({own.version, "UInt128", true});
    }
    if (!shape.keyed()) {
        columns.push_back({own.row, "UInt64", true});
        columns.push_back({own.sign, "Int8", true});
    }
    if (shape.history) {
        columns.push_back({own.operation, "LowCardinality(String)", true});
    } else if (shape.keyed()) {
        columns.push_back({own.deleted, "UInt8", true});
    }
    columns.push_back({own.source_time, "Int64", true});
    return columns;
}

std::string insert_sql(const Target& target, const TargetShape& shape) {
    std::string list;
    for (const RowColumn& column : row_columns(target, shape)) {
        list += list.empty() ? "" : ", ";
        list += column.own ? quote_if_needed(column.name) : quote_identifier(column.name);
    }
    return fmt::format("INSERT INTO {} ({}){}", quote_identifier(target.raw), list,
                       target.own().clustered() ? " SETTINGS insert_distributed_sync = 1" : "");
}

std::string rows_header(const Target& target, const TargetShape& shape) {
    const std::vector<RowColumn> columns = row_columns(target, shape);
    constexpr std::size_t kMostOfVarint = 10;
    std::size_t size = kMostOfVarint;
    for (const RowColumn& column : columns) {
        size += column.name.size() + column.type.size() + 2 * kMostOfVarint;
    }
    std::string out(size, '\0');
    char* at = out.data();
    append_varint(at, columns.size());
    for (const RowColumn& column : columns) {
        append_string(at, column.name);
    }
    for (const RowColumn& column : columns) {
        append_string(at, column.type);
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
    return out;
}

void take_stored_names(TargetShape& shape, const std::vector<ExistingColumn>& existing,
                       const Layout& layout) {
    const auto exists = [&](const std::string& name) {
        return std::any_of(existing.begin(), existing.end(),
                           [&](const ExistingColumn& column) { return column.name == name; });
    };
    for (TargetColumn& column : shape.columns) {
        if (!exists(column.stored) && !layout.is_own(column.name) && exists(column.name)) {
            column.stored = column.name;
        }
    }
}

Alteration alter_raw(const Target& target, TargetShape& shape,
                     const std::vector<ExistingColumn>& existing, std::string_view sorting_key) {
    take_stored_names(shape, existing, target.own());
    check_same_key(target, shape, sorting_key);
    Alteration result;
    for (const ExistingColumn& column : existing) {
        if (!target.own().is_own(column.name)) {
            result.view_columns.push_back(column.name);
        }
    }
    for (TargetColumn& column : shape.columns) {
        const auto found =
            std::find_if(existing.begin(), existing.end(),
                         [&](const ExistingColumn& other) { return other.name == column.stored; });
        if (found == existing.end()) {
            alter_all(target, "ADD COLUMN IF NOT EXISTS " + column_sql(column), result.statements);
            result.view_columns.push_back(column.stored);
        } else {
            widen(target, shape, column, *found, result.statements);
        }
    }
    return result;
}

} // namespace cdc::clickhouse
