#include "clickhouse/schema.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "clickhouse/identifier.hpp"
#include "event/line_decoder.hpp"

#include <algorithm>

namespace cdc::clickhouse {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr std::string_view kOwnColumns[] = {"_version", "_deleted",      "_row",
                                            "_sign",    "_source_ts_ms", "_synced_at"};

std::string key_list(const TargetShape& shape) {
    std::string out;
    for (const std::size_t index : shape.key) {
        out += out.empty() ? "" : ", ";
        out += quote_identifier(shape.columns[index].name);
    }
    return out;
}

/// A constant of the source as SQL of the column's type.
std::string default_sql(const TargetColumn& column) {
    const std::string& json = column.default_json;
    Type type = column.mapping.type;
    type.low_cardinality = false;
    if (json == "null") {
        return "NULL";
    }
    if (json.front() != '"') {
        return type.kind == Kind::string ? quote_string(json) : json;
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
    std::string out = quote_identifier(column.name) + " " + type_text(column.mapping.type);
    if (!column.default_json.empty() && column.default_json != "null") {
        out += " DEFAULT " + default_sql(column);
    }
    return out;
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

void check_same_key(std::string_view table, const TargetShape& shape,
                    std::string_view sorting_key) {
    std::vector<std::string> wanted;
    for (const std::size_t index : shape.key) {
        wanted.push_back(shape.columns[index].name);
    }
    if (!shape.keyed()) {
        wanted = {"_version", "_row"};
    }
    const std::vector<std::string> found = split_sorting_key(sorting_key);
    if (found != wanted) {
        throw Error{
            ExitCode::refused,
            fmt::format("the target's table {} is ordered by ({}), but the source's key is "
                        "now ({})",
                        in_quotes(raw_name(table)), fmt::join(found, ", "),
                        shape.keyed() ? fmt::format("{}", fmt::join(wanted, ", ")) : "none"),
            "ClickHouse cannot change a table's key: load into another table "
            "(--table-name), or drop this one and take a new snapshot."};
    }
}

void widen(std::string_view table, const TargetShape& shape, TargetColumn& column,
           const ExistingColumn& existing, std::vector<std::string>& statements) {
    const std::optional<Type> have = parse_type(existing.type);
    Type wanted = column.mapping.type;
    if (have && holds(*have, wanted)) {
        column.mapping.type = *have;
        if (have->kind == Kind::string && wanted.kind != Kind::string) {
            column.mapping.only_strings = false;
        }
        return;
    }
    if (have && have->nullable && !wanted.nullable) {
        wanted.nullable = true;
    }
    const bool in_key = std::any_of(shape.key.begin(), shape.key.end(), [&](std::size_t index) {
        return shape.columns[index].name == column.name;
    });
    if (!have || in_key || !widens(*have, wanted)) {
        throw Error{ExitCode::refused,
                    fmt::format("column {} of {} is {}, and cannot become {}",
                                in_quotes(column.name), in_quotes(raw_name(table)), existing.type,
                                type_text(wanted)),
                    in_key ? "ClickHouse cannot change the type of a key column: load into another "
                             "table (--table-name), or drop this one and take a new snapshot."
                           : "Change the column by hand, or load into another table "
                             "(--table-name)."};
    }
    column.mapping.type = wanted;
    statements.push_back(fmt::format("ALTER TABLE {} MODIFY COLUMN {}",
                                     quote_identifier(raw_name(table)), column_sql(column)));
}

} // namespace

bool is_own_column(std::string_view name) {
    return std::find(std::begin(kOwnColumns), std::end(kOwnColumns), name) != std::end(kOwnColumns);
}

TargetShape make_shape(std::string_view connector, const std::vector<event::Column>& columns) {
    TargetShape shape;
    std::vector<std::pair<int, std::size_t>> key;
    for (const event::Column& column : columns) {
        if (is_own_column(column.name)) {
            throw Error{ExitCode::refused,
                        fmt::format("the source column {} has the name of one of the loader's own",
                                    in_quotes(column.name)),
                        "Leave the column out at the source."};
        }
        if (column.key > 0) {
            key.emplace_back(column.key, shape.columns.size());
        }
        shape.columns.push_back({column.name, map_column(connector, column), column.default_json});
    }
    std::sort(key.begin(), key.end());
    for (const auto& [place, index] : key) {
        shape.key.push_back(index);
    }
    return shape;
}

std::string raw_name(std::string_view table) {
    return std::string{table} + "_raw";
}

std::string pending_name(std::string_view table) {
    return std::string{table} + "_pending";
}

std::string create_raw_sql(std::string_view table, const TargetShape& shape) {
    std::string out = "CREATE TABLE IF NOT EXISTS " + quote_identifier(raw_name(table)) + "\n(\n";
    for (const TargetColumn& column : shape.columns) {
        out += "    " + column_sql(column) + ",\n";
    }
    out += "    `_version` UInt128,\n";
    out += shape.keyed() ? "    `_deleted` UInt8,\n" : "    `_row` UInt64,\n    `_sign` Int8,\n";
    out += "    `_source_ts_ms` Int64,\n"
           "    `_synced_at` DateTime64(3, 'UTC') DEFAULT now64(3)\n)\nENGINE = ";
    out += shape.keyed() ? "ReplacingMergeTree(_version, _deleted)\nORDER BY (" + key_list(shape)
                         : "ReplacingMergeTree\nORDER BY (_version, _row";
    return out + ")";
}

std::string barrier_sql(std::string_view table) {
    return fmt::format("(SELECT max(version) FROM {} WHERE scope = 'table' AND name = {} AND "
                       "item = 'barrier')",
                       kStateTable, quote_string(table));
}

std::string create_view_sql(std::string_view table, const std::vector<std::string>& columns,
                            bool keyed) {
    std::string list;
    for (const std::string& column : columns) {
        list += list.empty() ? "" : ", ";
        list += quote_identifier(column);
    }
    const std::string from = fmt::format("FROM {} FINAL\nWHERE _version >= {}",
                                         quote_identifier(raw_name(table)), barrier_sql(table));
    const std::string head =
        fmt::format("CREATE OR REPLACE VIEW {} AS\nSELECT {}\n", quote_identifier(table), list);
    if (keyed) {
        return head + from;
    }
    return fmt::format("{}FROM\n(\nSELECT {}, sum(_sign) AS _n\n{}\nGROUP BY {}\nHAVING _n > 0\n)\n"
                       "ARRAY JOIN range(toUInt64(_n)) AS _i",
                       head, list, from, list);
}

std::string create_pending_sql(std::string_view table) {
    return fmt::format("CREATE TABLE IF NOT EXISTS {}\n(\n    `_key` String,\n    `_version` "
                       "UInt128,\n    `_line` String,\n    `_done` UInt8\n)\nENGINE = "
                       "ReplacingMergeTree(_done)\nORDER BY (_key, _version)",
                       quote_identifier(pending_name(table)));
}

std::string create_state_sql() {
    return fmt::format(
        "CREATE TABLE IF NOT EXISTS {}\n(\n    `scope` LowCardinality(String),\n    `name` String,"
        "\n    `item` String,\n    `version` UInt128,\n    `position` String,\n    `value` String,"
        "\n    `commit_time` DateTime64(3, 'UTC'),\n    `load_time` DateTime64(3, 'UTC')\n)\n"
        "ENGINE = ReplacingMergeTree(version)\nORDER BY (scope, name, item)",
        kStateTable);
}

std::string insert_sql(std::string_view table, const TargetShape& shape) {
    std::string list = key_list(shape);
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        if (std::find(shape.key.begin(), shape.key.end(), i) == shape.key.end()) {
            list += list.empty() ? "" : ", ";
            list += quote_identifier(shape.columns[i].name);
        }
    }
    return fmt::format("INSERT INTO {} ({}, _version, {}, _source_ts_ms)",
                       quote_identifier(raw_name(table)), list,
                       shape.keyed() ? "_deleted" : "_row, _sign");
}

Alteration alter_raw(std::string_view table, TargetShape& shape,
                     const std::vector<ExistingColumn>& existing, std::string_view sorting_key) {
    check_same_key(table, shape, sorting_key);
    Alteration result;
    for (const ExistingColumn& column : existing) {
        if (!is_own_column(column.name)) {
            result.view_columns.push_back(column.name);
        }
    }
    for (TargetColumn& column : shape.columns) {
        const auto found =
            std::find_if(existing.begin(), existing.end(),
                         [&](const ExistingColumn& e) { return e.name == column.name; });
        if (found == existing.end()) {
            result.statements.push_back(fmt::format("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}",
                                                    quote_identifier(raw_name(table)),
                                                    column_sql(column)));
            result.view_columns.push_back(column.name);
        } else {
            widen(table, shape, column, *found, result.statements);
        }
    }
    return result;
}

std::string target_name(std::string_view name_template, const event::Table& table) {
    std::string out;
    while (!name_template.empty()) {
        const auto replace = [&](std::string_view mark, const std::string& value) {
            if (name_template.substr(0, mark.size()) != mark) {
                return false;
            }
            out += value;
            name_template.remove_prefix(mark.size());
            return true;
        };
        if (replace("{table}", table.table) ||
            replace("{schema}", table.schema.empty() ? table.db : table.schema) ||
            replace("{db}", table.db)) {
            continue;
        }
        out += name_template.front();
        name_template.remove_prefix(1);
    }
    return out;
}

} // namespace cdc::clickhouse
