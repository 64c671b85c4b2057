#include "views/names.hpp"

#include "base/error.hpp"
#include "views/refused.hpp"

#include <algorithm>

namespace cdc::views {

namespace {

std::string written(const Json& column_ref) {
    std::string text;
    for (const Json& part : column_ref["column_names"]) {
        text += (text.empty() ? "" : ".") + part.get<std::string>();
    }
    return text;
}

[[noreturn]] void refuse_column(const Json& column_ref, const char* construct, const char* advice) {
    throw Problem{fmt::format(fmt::runtime(construct), base::in_quotes(written(column_ref))),
                  advice, position_of(column_ref)};
}

/// The one entry of that name, null when there is none.
const Json* find_column(const Json& column_ref, const std::string& name,
                        const std::vector<ScopeColumn>& columns) {
    const Json* found = nullptr;
    for (const ScopeColumn& column : columns) {
        if (same_name(column.name, name)) {
            if (found != nullptr && !same_expression(*found, column.expression)) {
                refuse_column(column_ref, "{} has two owners", "write table.column");
            }
            found = &column.expression;
        }
    }
    return found;
}

const ScopeItem* find_item(const Json& column_ref, const std::string& schema,
                           const std::string& name, const Scope& scope) {
    const ScopeItem* found = nullptr;
    for (const ScopeItem& item : scope.items) {
        if (same_name(item.name, name) && (schema.empty() || same_name(item.schema, schema))) {
            if (found != nullptr) {
                refuse_column(column_ref, "{} names two tables", "give each an alias of its own");
            }
            found = &item;
        }
    }
    return found;
}

Json resolve_qualified(const Json& column_ref, const std::string& schema, const std::string& table,
                       const std::string& column, const Scope& scope) {
    for (const Scope* level = &scope; level != nullptr; level = level->outer) {
        const ScopeItem* item = find_item(column_ref, schema, table, *level);
        if (item == nullptr) {
            continue;
        }
        const auto found =
            std::find_if(item->columns.begin(), item->columns.end(),
                         [&](const std::string& name) { return same_name(name, column); });
        if (found == item->columns.end()) {
            refuse_column(column_ref, "{} is no column", "that table has no column of this name");
        }
        return make_column(item->alias, *found);
    }
    refuse_column(
        column_ref, "{} is of no table in FROM",
        "a subquery in FROM cannot name the tables beside it, and fields of structs are not read");
}

} // namespace

std::string folded(std::string_view name) {
    std::string result{name};
    for (char& byte : result) {
        if (byte >= 'A' && byte <= 'Z') {
            byte = static_cast<char>(byte - 'A' + 'a');
        }
    }
    return result;
}

bool same_name(std::string_view left, std::string_view right) {
    return folded(left) == folded(right);
}

Json resolve(const Json& column_ref, const Scope& scope) {
    const auto names = column_ref["column_names"].get<std::vector<std::string>>();
    if (names.size() == 2) {
        return resolve_qualified(column_ref, "", names[0], names[1], scope);
    }
    if (names.size() == 3) {
        return resolve_qualified(column_ref, names[0], names[1], names[2], scope);
    }
    if (names.size() != 1) {
        refuse_column(column_ref, "{} has too many parts", "write table.column");
    }
    for (const Scope* level = &scope; level != nullptr; level = level->outer) {
        if (const Json* found = find_column(column_ref, names[0], level->columns)) {
            return *found;
        }
        if (const Json* found = find_column(column_ref, names[0], level->aliases)) {
            return *found;
        }
        if (find_item(column_ref, "", names[0], *level) != nullptr) {
            refuse_column(column_ref, "{} is a whole row", "name its columns");
        }
    }
    refuse_column(
        column_ref, "{} is no column here",
        "a subquery in FROM cannot name the tables beside it, and what reads clock or session is "
        "refused");
}

const Relation* find_relation(const std::vector<Relation>& relations, const std::string& schema,
                              const std::string& name) {
    const std::string whole = schema.empty() ? name : schema + '.' + name;
    const Relation* found = nullptr;
    for (const Relation& relation : relations) {
        if (same_name(relation.name, whole)) {
            return &relation;
        }
        if (relation.name.size() > whole.size() &&
            relation.name[relation.name.size() - whole.size() - 1] == '.' &&
            same_name(std::string_view{relation.name}.substr(relation.name.size() - whole.size()),
                      whole)) {
            if (found != nullptr) {
                throw Problem{fmt::format("table {} is in two schemas", base::in_quotes(whole)),
                              fmt::format("write {} or {}", found->name, relation.name),
                              kNoPosition};
            }
            found = &relation;
        }
    }
    return found;
}

std::string full_schema_of(const Json& table) {
    const std::string_view input = text_of(table, "catalog_name");
    const std::string_view schema = text_of(table, "schema_name");
    return fmt::format("{}{}{}", input, input.empty() ? "" : ".", schema);
}

void throw_no_relation(const Json& table) {
    throw Problem{fmt::format("no table or view {}", base::in_quotes(text_of(table, "table_name"))),
                  "views read the tables of the input and the views before them in the file",
                  position_of(table)};
}

const Json* find_alias(const Json& column_ref, const Scope& scope) {
    const Json& names = column_ref["column_names"];
    return names.size() == 1 ? find_column(column_ref, names[0].get<std::string>(), scope.aliases)
                             : nullptr;
}

} // namespace cdc::views
