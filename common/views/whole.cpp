#include "views/whole.hpp"

#include "views/constructs.hpp"
#include "views/functions.hpp"
#include "views/names.hpp"
#include "views/refused.hpp"

#include <algorithm>

namespace cdc::views {

namespace {

std::vector<std::string> cte_names(const Json& node) {
    std::vector<std::string> names;
    any_of(node, [&](const Json& part) {
        if (part.contains("cte_map")) {
            for (const Json& entry : part["cte_map"].value("map", Json::array())) {
                names.push_back(folded(text_of(entry, "key")));
            }
        }
        return false;
    });
    return names;
}

void check_whole(const Json& part) {
    const std::string_view type = text_of(part, "type");
    if (type == "FUNCTION" || is_class(part, "WINDOW")) {
        check_function(part);
    } else if (type == "TABLE_FUNCTION" || type == "SHOW_REF" || type == "BASE_TABLE") {
        check_from(part);
    } else if (is_class(part, "PARAMETER") || is_class(part, "CAST")) {
        check_expression(part);
    }
}

/// An ORDER BY that decides nothing is not looked at.
void check_listed(const Json& node) {
    if (node.is_object()) {
        if (is_type(node, "ORDER_MODIFIER")) {
            return;
        }
        if (is_type(node, "TABLE_FUNCTION")) {
            check_from(node);
        } else if (node.contains("class")) {
            check_expression(node);
        }
    }
    for (const Json& child : node) {
        if (child.is_structured()) {
            check_listed(child);
        }
    }
}

void bind_table(Json& table, const std::vector<Relation>& relations,
                const std::vector<std::string>& ctes, std::vector<std::string>& reads) {
    const std::string schema{text_of(table, "schema_name")};
    const std::string name{text_of(table, "table_name")};
    const Relation* relation = find_relation(relations, table);
    const bool is_cte =
        schema.empty() && std::find(ctes.begin(), ctes.end(), folded(name)) != ctes.end();
    if (is_cte && relation == nullptr) {
        return;
    }
    if (is_cte) {
        throw Problem{fmt::format("{} is a table and a CTE", base::in_quotes(name)),
                      "give the CTE another name", position_of(table)};
    }
    if (relation == nullptr) {
        throw_no_relation(table);
    }
    if (text_of(table, "alias").empty()) {
        table["alias"] = name;
    }
    table["catalog_name"] = "";
    table["schema_name"] = "";
    table["table_name"] = relation->stored;
    if (std::find(reads.begin(), reads.end(), relation->stored) == reads.end()) {
        reads.push_back(relation->stored);
    }
}

void bind_tables(Json& node, const std::vector<Relation>& relations,
                 const std::vector<std::string>& ctes, std::vector<std::string>& reads) {
    if (node.is_object() && is_type(node, "BASE_TABLE")) {
        bind_table(node, relations, ctes, reads);
        return;
    }
    if (node.is_structured()) {
        for (Json& child : node) {
            bind_tables(child, relations, ctes, reads);
        }
    }
}

} // namespace

void check_parts(const Json& query, bool full) {
    if (!full) {
        check_listed(query);
        return;
    }
    any_of(query, [](const Json& part) {
        check_whole(part);
        return false;
    });
}

std::vector<std::string> bind_whole(Json& node, const std::vector<Relation>& relations) {
    check_parts(node, true);
    std::vector<std::string> reads;
    bind_tables(node, relations, cte_names(node), reads);
    return reads;
}

} // namespace cdc::views
