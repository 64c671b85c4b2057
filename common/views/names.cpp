#include "views/names.hpp"

#include "base/error.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <set>

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

bool is_same(std::string_view left, std::string_view right, bool exactly) {
    return exactly ? left == right : same_name(left, right);
}

/// The one entry of that name, of another case where there is no other; null when there is none.
const Json* find_column(const Json& column_ref, const std::string& name,
                        const std::vector<ScopeColumn>& columns) {
    const Json* found = nullptr;
    for (const bool exactly : {true, false}) {
        for (const ScopeColumn& column : columns) {
            if (found != &column.expression && is_same(column.name, name, exactly)) {
                if (found != nullptr && !same_expression(*found, column.expression)) {
                    refuse_column(column_ref, "{} has two owners",
                                  "write table.column, and a name with capitals in quotes");
                }
                found = &column.expression;
            }
        }
        if (found != nullptr) {
            break;
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
        auto found = std::find(item->columns.begin(), item->columns.end(), column);
        if (found == item->columns.end()) {
            found = std::find_if(item->columns.begin(), item->columns.end(),
                                 [&](const std::string& name) { return same_name(name, column); });
        }
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
    }
    for (const Scope* level = &scope; level != nullptr; level = level->outer) {
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

bool is_name_of(std::string_view name, std::string_view full, bool exactly) {
    if (full.size() <= name.size()) {
        return is_same(full, name, exactly);
    }
    const std::size_t before = full.size() - name.size();
    return full[before - 1] == '.' && is_same(full.substr(before), name, exactly);
}

namespace {

/// Tables of two databases, which came through one input.
[[noreturn]] void refuse_two_databases(const std::string& whole, const Json& table) {
    throw Problem{fmt::format("table {} is in two databases", base::in_quotes(whole)),
                  "give each source an --input of its own, and write input.schema.table",
                  position_of(table)};
}

} // namespace

const Relation* find_relation(const std::vector<Relation>& relations, const Json& table) {
    const std::string schema = full_schema_of(table);
    const std::string_view name = text_of(table, "table_name");
    const std::string whole = fmt::format("{}{}{}", schema, schema.empty() ? "" : ".", name);
    const auto is_whole = [&](const Relation& each) {
        return each.name == whole;
    };
    const auto same = std::find_if(relations.begin(), relations.end(), is_whole);
    if (std::count_if(same, relations.end(), is_whole) > 1) {
        refuse_two_databases(whole, table);
    }
    const Relation* found = same == relations.end() ? nullptr : &*same;
    for (const bool exactly : {true, false}) {
        if (found != nullptr) {
            break;
        }
        for (const Relation& relation : relations) {
            if (!is_name_of(whole, relation.name, exactly)) {
                continue;
            }
            if (found != nullptr && found->name == relation.name) {
                refuse_two_databases(whole, table);
            }
            if (found != nullptr) {
                throw Problem{fmt::format("table {} is {}", base::in_quotes(whole),
                                          exactly ? "in two schemas" : "there in two cases"),
                              fmt::format("write {} or {}{}", found->name, relation.name,
                                          exactly ? "" : ", capitals in quotes"),
                              position_of(table)};
            }
            found = &relation;
        }
    }
    return found;
}

void check_cases(const Json& query, const std::vector<Relation>& relations,
                 const std::vector<std::string>& reads) {
    std::set<std::string> once;
    std::set<std::string> twice;
    for (const Relation& relation : relations) {
        if (std::find(reads.begin(), reads.end(), relation.stored) == reads.end()) {
            continue;
        }
        once.clear();
        for (const Column& column : relation.columns) {
            if (!once.insert(folded(column.name)).second) {
                twice.insert(folded(column.name));
            }
        }
    }
    const auto refuse_if = [&](const std::string& name, const Json& part) {
        if (twice.contains(folded(name))) {
            throw Problem{fmt::format("a table has two columns {} that differ in case alone",
                                      base::in_quotes(folded(name))),
                          "the engine does not tell them apart: rename one in the table",
                          position_of(part)};
        }
    };
    any_of(query, [&](const Json& part) {
        if (is_class(part, "COLUMN_REF")) {
            refuse_if(part["column_names"].back().get<std::string>(), part);
        }
        if (!twice.empty() && (is_class(part, "STAR") || text_of(part, "ref_type") == "NATURAL" ||
                               !part.value("using_columns", Json::array()).empty())) {
            refuse_if(*twice.begin(), part);
        }
        return false;
    });
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

bool is_own_column(const Json& column_ref, const Scope& scope) {
    const Json& names = column_ref["column_names"];
    return names.size() != 1 ||
           find_column(column_ref, names[0].get<std::string>(), scope.columns) != nullptr;
}

const Json* find_alias(const Json& column_ref, const Scope& scope) {
    const Json& names = column_ref["column_names"];
    return names.size() == 1 ? find_column(column_ref, names[0].get<std::string>(), scope.aliases)
                             : nullptr;
}

} // namespace cdc::views
