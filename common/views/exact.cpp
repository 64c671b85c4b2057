#include "views/exact.hpp"

#include "base/error.hpp"
#include "views/constants.hpp"
#include "views/exact_rules.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"
#include "views/trace.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::views {

namespace {

/// A float comes from a column that a table has, or from a cast.
bool makes_floats(const Json& node, const std::vector<Relation>& relations) {
    return any_of(node, [&](const Json& part) {
        if (is_class(part, "CAST")) {
            return is_float(text_of(part["cast_type"], "id"));
        }
        if (!is_type(part, "BASE_TABLE")) {
            return false;
        }
        const std::string_view table = text_of(part, "table_name");
        return std::any_of(relations.begin(), relations.end(), [&](const Relation& relation) {
            return relation.stored == table &&
                   std::any_of(relation.columns.begin(), relation.columns.end(),
                               [](const Column& column) { return is_float(column.type); });
        });
    });
}

/// Decimals of the view, of columns, casts, constants and sums, need more than 38 digits together.
bool makes_wide(const Json& node, const std::vector<Relation>& relations) {
    std::vector<std::string> types;
    bool sums = false;
    any_of(node, [&](const Json& part) {
        sums = sums || text_of(part, "function_name") == "sum";
        if (text_of(part, "type") == "DECIMAL_TYPE_INFO") {
            types.push_back(
                fmt::format("DECIMAL({},{})", part.value("width", 18), part.value("scale", 3)));
        }
        for (const Relation& relation : relations) {
            for (const Column& column : relation.columns) {
                if (is_type(part, "BASE_TABLE") && is_decimal(column.type) &&
                    relation.stored == text_of(part, "table_name")) {
                    types.push_back(column.type);
                }
            }
        }
        return false;
    });
    for (std::size_t i = types.size(); sums && i > 0; --i) {
        types.push_back("DECIMAL(38" + types[i - 1].substr(types[i - 1].find(',')));
    }
    return !wide_decimal(types).empty();
}

/// A table that it reads has a column of such a type.
bool reads_type(const Json& node, const std::vector<Relation>& relations, std::string_view type) {
    return any_of(node, [&](const Json& part) {
        return is_type(part, "BASE_TABLE") &&
               std::any_of(relations.begin(), relations.end(), [&](const Relation& relation) {
                   return relation.stored == text_of(part, "table_name") &&
                          std::any_of(
                              relation.columns.begin(), relation.columns.end(),
                              [&](const Column& column) { return column.type.starts_with(type); });
               });
    });
}

bool reads_unsigned(const Json& node, const std::vector<Relation>& relations) {
    static constexpr std::array kTypes =
        std::to_array<std::string_view>({"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"});
    return std::any_of(kTypes.begin(), kTypes.end(),
                       [&](std::string_view type) { return reads_type(node, relations, type); });
}

bool makes_moments(const Json& node) {
    return any_of(node, [](const Json& part) {
        const std::string_view type =
            is_class(part, "CAST") ? text_of(part["cast_type"], "id") : std::string_view{};
        return type == "DATE" || type.starts_with("TIMESTAMP");
    });
}

Json& item_of(Json& query, std::size_t place) {
    Json* select = &query;
    while (is_type(*select, "SET_OPERATION_NODE")) {
        select = &(*select)["left"];
    }
    return (*select)["select_list"][place];
}

} // namespace

Exact::Exact(const Json& node, const std::vector<Relation>& relations, const Engine& engine,
             bool bound)
    : m_relations{relations}, m_types{engine}, m_bound{bound},
      m_floats{makes_floats(node, relations)}, m_wide{!bound && makes_wide(node, relations)},
      m_decimals{!bound && reads_type(node, relations, "DECIMAL")},
      m_bytes{!bound && reads_type(node, relations, "BLOB")}, m_unsigned{!bound &&
                                                                         reads_unsigned(node,
                                                                                        relations)},
      m_moments{!bound && (reads_type(node, relations, "DATE") ||
                           reads_type(node, relations, "TIMESTAMP") || makes_moments(node))} {}

void Exact::apply_rule(Json& node) {
    static constexpr std::array kRules = std::to_array<Named>({
        {"+", &Exact::arithmetic},
        {"-", &Exact::arithmetic},
        {"*", &Exact::arithmetic},
        {"/", &Exact::division},
        {"%", &Exact::modulo},
        {"mod", &Exact::modulo},
        {"ceil", &Exact::rounding},
        {"ceiling", &Exact::rounding},
        {"floor", &Exact::rounding},
        {"date_part", &Exact::date_part},
        {"round", &Exact::rounding},
        {"sign", &Exact::rounding},
        {"trunc", &Exact::rounding},
        {"||", &Exact::concatenation},
        {"concat", &Exact::concat},
        {"concat_ws", &Exact::concat},
        {"upper", &Exact::upper},
        {"chr", &Exact::chr},
        {"sum", &Exact::sum},
        {"avg", &Exact::average},
        {"greatest", &Exact::greatest},
        {"least", &Exact::greatest},
        {"nullif", &Exact::nullif},
        {"lag", &Exact::default_value},
        {"lead", &Exact::default_value},
        {"trim", &Exact::trim},
        {"ltrim", &Exact::trim},
        {"rtrim", &Exact::trim},
        {"string_agg", &Exact::string_agg},
    });
    const std::string_view kind = text_of(node, "class");
    if (kind == "CAST") {
        cast(node);
    } else if (kind == "FUNCTION" || kind == "WINDOW") {
        const std::string_view name = text_of(node, "function_name");
        const auto* const found = std::find_if(
            kRules.begin(), kRules.end(), [&](const Named& rule) { return rule.name == name; });
        if (found != kRules.end()) {
            (this->*found->rule)(node);
        }
    } else if (kind == "CASE" || text_of(node, "type") == "OPERATOR_COALESCE") {
        choice(node);
    } else {
        comparison(node);
    }
}

void Exact::of_expression(Json& node) {
    const std::string_view kind = text_of(node, "class");
    if (kind == "SUBQUERY") {
        of_subquery(node);
        return;
    }
    if (kind == "CONSTANT") {
        constant(node);
        return;
    }
    if (kind == "COLUMN_REF") {
        return;
    }
    const std::string alias{text_of(node, "alias")};
    node["alias"] = "";
    if (Json* const inner = quotient_in(node)) {
        of_expressions(*inner);
        if (scaled_quotient(node, *inner)) {
            node["alias"] = alias;
            return;
        }
        apply_rule(*inner);
    } else if (kind != "CAST" || !is_float(text_of(node["cast_type"], "id")) ||
               !is_class(node["child"], "CONSTANT")) {
        of_expressions(node);
    }
    apply_rule(node);
    node["alias"] = alias;
}

/// Expressions at any depth below a node that is none itself, or whose own rule comes later.
void Exact::of_expressions(Json& node) {
    if (m_floats && !m_bound && is_type(node, "SET_OPERATION_NODE")) {
        check_branches(node);
    }
    for (Json& child : node) {
        if (child.is_object() && child.contains("class")) {
            of_expression(child);
        } else if (child.is_structured()) {
            of_expressions(child);
        }
    }
}

void Exact::of_subquery(Json& node) {
    if (!is_null(node, "child")) {
        of_expression(node["child"]);
    }
    Json& query = node["subquery"]["node"];
    std::vector<std::string> types;
    if (m_bound) {
        types = of_query(query);
    } else {
        of_expressions(query);
    }
    if (!types.empty()) {
        m_types.set_subquery(query, types.front());
    }
    if (text_of(node, "subquery_type") == "ANY") {
        compare_with_column(node["child"], types.size() == 1 ? types.front() : "");
    }
}

std::vector<std::string> Exact::of_query(Json& node) {
    if (!is_type(node, "SET_OPERATION_NODE")) {
        return of_select(node);
    }
    std::vector<std::string> types = of_query(node["left"]);
    std::vector<std::string> right = of_query(node["right"]);
    for (std::size_t i = 0; i < types.size() && i < right.size(); ++i) {
        Json& left_item = item_of(node["left"], i);
        Json& right_item = item_of(node["right"], i);
        read_item(left_item, types[i], right[i]);
        read_item(right_item, right[i], types[i]);
        types[i] = unified(right_item, types[i], right[i]);
    }
    return types;
}

std::vector<std::string> Exact::of_select(Json& node) {
    of_from(node["from_table"]);
    for (const char* property :
         {"where_clause", "group_expressions", "having", "qualify", "modifiers", "select_list"}) {
        Json& part = node[property];
        if (part.is_object() && part.contains("class")) {
            of_expression(part);
        } else if (part.is_structured()) {
            of_expressions(part);
        }
    }
    std::vector<std::string> types;
    for (const Json& item : node["select_list"]) {
        types.push_back(m_types.of(item));
    }
    return types;
}

void Exact::of_from(Json& node) {
    const std::string alias{text_of(node, "alias")};
    if (is_type(node, "BASE_TABLE")) {
        const std::string_view table = text_of(node, "table_name");
        for (const Relation& relation : m_relations) {
            if (relation.stored == table) {
                for (const Column& column : relation.columns) {
                    m_types.set_column(alias, column.name, column.type);
                    m_traits[{alias, column.name}] = column.traits;
                }
            }
        }
    } else if (is_type(node, "JOIN")) {
        of_from(node["left"]);
        of_from(node["right"]);
        if (!is_null(node, "condition")) {
            of_expression(node["condition"]);
        }
    } else if (is_type(node, "SUBQUERY")) {
        Json& query = node["subquery"]["node"];
        const std::vector<std::string> types = of_query(query);
        const Json* first = &query;
        while (is_type(*first, "SET_OPERATION_NODE")) {
            first = &(*first)["left"];
        }
        const std::vector<NumberTraits> traits = traits_of_query(query);
        for (std::size_t i = 0; i < types.size(); ++i) {
            const std::string name{text_of((*first)["select_list"][i], "alias")};
            m_types.set_column(alias, name, types[i]);
            m_traits[{alias, name}] = traits.at(i);
        }
    } else if (is_type(node, "EXPRESSION_LIST")) {
        of_expressions(node);
        of_rows(node["values"]);
        const std::vector<std::string> types = m_types.of_from(node);
        const Json names = node.value("column_name_alias", Json::array());
        for (std::size_t i = 0; i < types.size(); ++i) {
            m_types.set_column(
                alias, i < names.size() ? names[i].get<std::string>() : fmt::format("col{}", i),
                types[i]);
        }
    }
}

/// VALUES: each column has one type.
void Exact::of_rows(Json& rows) {
    for (std::size_t i = 0; !rows.empty() && i < rows[0].size(); ++i) {
        std::vector<Json*> operands;
        for (Json& row : rows) {
            operands.push_back(&row.at(i));
        }
        unify(operands);
    }
}

std::vector<NumberTraits> make_exact(Json& node, const std::vector<Relation>& relations,
                                     const Engine& engine, bool bound) {
    Exact exact{node, relations, engine, bound};
    if (bound) {
        exact.of_query(node);
    } else {
        exact.of_expressions(node);
    }
    check_constants(node, engine);
    return exact.traits_of_query(node);
}

} // namespace cdc::views
