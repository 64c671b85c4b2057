#include "views/exact.hpp"

#include "base/error.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::views {

namespace {

[[noreturn]] void refuse(const Json& expression, std::string construct, std::string advice) {
    throw Problem{std::move(construct), std::move(advice), position_of(expression)};
}

bool is_float(std::string_view type) {
    return type == "DOUBLE" || type == "FLOAT";
}

bool is_decimal(std::string_view type) {
    return type.starts_with("DECIMAL");
}

bool is_integer(std::string_view type) {
    static constexpr std::array kIntegers =
        std::to_array<std::string_view>({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                         "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"});
    return std::find(kIntegers.begin(), kIntegers.end(), type) != kIntegers.end();
}

bool is_number(std::string_view type) {
    return is_float(type) || is_decimal(type) || is_integer(type);
}

/// Up to 15 digits are exact in a double, and so are its powers of ten.
bool is_exact_in_double(std::string_view type) {
    int width = 0;
    return is_decimal(type)
               ? std::sscanf(std::string{type}.c_str(), "DECIMAL(%d", &width) == 1 && width <= 15
               : type != "HUGEINT";
}

Json make_cast(Json child, std::string_view type) {
    const std::size_t position = position_of(child);
    return {{"class", "CAST"},
            {"type", "OPERATOR_CAST"},
            {"query_location", position},
            {"child", std::move(child)},
            {"cast_type", {{"id", type}, {"type_info", nullptr}}},
            {"try_cast", false}};
}

Json make_call(std::string name, std::vector<Json> children) {
    const std::size_t position = position_of(children.front());
    return {{"class", "FUNCTION"},
            {"type", "FUNCTION"},
            {"query_location", position},
            {"function_name", std::move(name)},
            {"schema", ""},
            {"children", std::move(children)},
            {"order_bys", {{"type", "ORDER_MODIFIER"}, {"orders", Json::array()}}}};
}

/// The same aggregate or window of another function.
Json make_beside(const Json& call, const char* name, Json child) {
    Json out = call;
    out["function_name"] = name;
    out["children"] = Json::array({std::move(child)});
    return out;
}

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

class Exact {
public:
    Exact(const Json& node, const std::vector<Relation>& relations, const Engine& engine,
          bool bound)
        : m_relations{relations}, m_types{engine}, m_bound{bound}, m_floats{makes_floats(
                                                                       node, relations)} {}

    std::vector<std::string> of_query(Json& node);
    void of_expressions(Json& node);

private:
    using Rule = void (Exact::*)(Json&);
    struct Named {
        std::string_view name;
        Rule rule;
    };

    std::vector<std::string> of_select(Json& node);
    void of_from(Json& node);
    void of_subquery(Json& node);
    void of_expression(Json& node);

    void arithmetic(Json& node);
    void modulo(Json& node);
    void rounding(Json& node);
    void concatenation(Json& node);
    void concat(Json& node);
    void upper(Json& node);
    void date_part(Json& node);
    void sum(Json& node);
    void average(Json& node);
    void comparison(Json& node);
    void cast(Json& node);

    /// Operands that are compared, all of them.
    void compare(const std::vector<Json*>& operands, bool of_list = false);
    std::string type_of(const Json& node, std::string_view construct);
    Json to_double(Json child);
    Json to_text(Json child, bool flags);

    const std::vector<Relation>& m_relations;
    Types m_types;
    bool m_bound;  ///< names are resolved
    bool m_floats; ///< the view reads a float, or makes one
};

std::string Exact::type_of(const Json& node, std::string_view construct) {
    std::string type = m_types.of(node);
    if (type.empty() && m_floats) {
        refuse(node, fmt::format("{} of an operand whose type is not known here", construct),
               "cast the operand to its type, or write the view without FULL");
    }
    return type;
}

Json Exact::to_double(Json child) {
    const std::string type = m_types.of(child);
    if (type == "DOUBLE") {
        return child;
    }
    return make_cast(is_exact_in_double(type) ? std::move(child)
                                              : make_cast(std::move(child), "VARCHAR"),
                     "DOUBLE");
}

Json Exact::to_text(Json child, bool flags) {
    const std::string type = type_of(child, "the text");
    if (is_float(type)) {
        return make_call(type == "DOUBLE" ? "cdc_text" : "cdc_text_real", {std::move(child)});
    }
    if (type == "BOOLEAN" && flags) {
        return make_call("cdc_flag", {std::move(child)});
    }
    if (type == "DATE" || type.starts_with("TIMESTAMP")) {
        return make_call("cdc_moment", {make_cast(std::move(child), "VARCHAR")});
    }
    if (type == "BLOB" || type == "INTERVAL" || type.ends_with("]")) {
        refuse(child, fmt::format("the text of a value of type {}", type),
               "it is not PostgreSQL's: let the view have the value itself");
    }
    return child;
}

void Exact::arithmetic(Json& node) {
    Json& children = node["children"];
    if (!m_floats || children.size() != 2) {
        return;
    }
    const std::string_view name = text_of(node, "function_name");
    const std::string type = type_of(node, name);
    if (!is_float(type)) {
        return;
    }
    const bool real = m_types.of(children[0]) == "FLOAT" && m_types.of(children[1]) == "FLOAT";
    std::string function = name == "+"   ? "cdc_add"
                           : name == "-" ? "cdc_subtract"
                           : name == "*" ? "cdc_multiply"
                                         : "cdc_divide";
    if (real) {
        node = make_call(function + "_real", {std::move(children[0]), std::move(children[1])});
        return;
    }
    Json left = to_double(std::move(children[0]));
    Json right = to_double(std::move(children[1]));
    node = make_call(std::move(function), {std::move(left), std::move(right)});
}

void Exact::modulo(Json& node) {
    if (m_floats && is_float(type_of(node, "%"))) {
        refuse(node, "a remainder of floats", "PostgreSQL has none: cast to numeric(p,s)");
    }
}

/// PostgreSQL has these for double precision and numeric alone.
void Exact::rounding(Json& node) {
    Json& children = node["children"];
    const std::string name{text_of(node, "function_name")};
    const std::string type = children.empty() ? "" : type_of(children[0], name + "()");
    if (children.size() == 2 && is_float(type)) {
        refuse(node, fmt::format("{}() of a float to places", name),
               "PostgreSQL has none: cast to numeric(p,s)");
    }
    if (children.size() != 1 || !(is_float(type) || is_integer(type)) || type == "HUGEINT" ||
        type == "UBIGINT") {
        return;
    }
    children[0] = to_double(std::move(children[0]));
    if (name == "round") {
        node["function_name"] = "cdc_round";
    } else if (name == "sign") {
        node = make_cast(std::move(node), "DOUBLE");
    }
}

void Exact::concatenation(Json& node) {
    if (type_of(node, "||") != "VARCHAR") {
        return; // lists or bytes
    }
    for (Json& child : node["children"]) {
        child = to_text(std::move(child), false);
    }
}

void Exact::concat(Json& node) {
    for (Json& child : node["children"]) {
        if (m_types.of(child).empty()) {
            refuse(node, "concat() of a value whose type is not known here",
                   "cast it to text, or write the view without FULL");
        }
        child = to_text(std::move(child), true);
    }
}

void Exact::upper(Json& node) {
    if (node["children"].size() == 1) {
        Json text = node["children"][0];
        node = make_call("cdc_upper", {std::move(text), std::move(node)});
    }
}

/// The engine counts a year 0, and of a time with a zone the years of its era.
void Exact::date_part(Json& node) {
    Json& children = node["children"];
    if (children.size() != 2) {
        return;
    }
    const std::string type = m_types.of(children[1]);
    if (type == "TIMESTAMPTZ" || type == "TIMESTAMP WITH TIME ZONE") {
        children[1] = make_cast(std::move(children[1]), "TIMESTAMP");
    }
    if (type != "INTERVAL" && text_of(children[0]["value"], "value") == "year") {
        node = make_call("cdc_year", {std::move(node)});
    }
}

void Exact::sum(Json& node) {
    if (!m_floats || node["children"].empty()) {
        return;
    }
    const Json& child = node["children"][0];
    const std::string type = type_of(child, "sum()");
    if (!is_float(type)) {
        return;
    }
    if (!is_class(child, "CAST") || type == "FLOAT") {
        refuse(node, "sum() of floats",
               "its last digits depend on the order of rows: sum(x::numeric(p,s)) is exact, "
               "sum(x::double precision) is taken as it comes");
    }
    Json infinite = make_beside(node, "bool_or", make_call("isinf", {child}));
    node = make_call("cdc_sum", {std::move(node), std::move(infinite)});
}

void Exact::average(Json& node) {
    const Json& child = node["children"][0];
    Json largest = make_beside(node, "max", make_call("abs", {child}));
    node = make_call("cdc_avg", {std::move(node), std::move(largest)});
}

/// PostgreSQL compares a float with another number as double precision.
void Exact::compare(const std::vector<Json*>& operands, bool of_list) {
    if (!m_floats) {
        return;
    }
    std::vector<std::string> types;
    for (const Json* operand : operands) {
        types.push_back(m_types.of(*operand));
        if (!types.back().empty() && !is_number(types.back())) {
            return;
        }
    }
    if (std::find(types.begin(), types.end(), "") != types.end()) {
        type_of(*operands[types.front().empty() ? 0 : 1], "a comparison");
    }
    const bool floats = std::any_of(types.begin(), types.end(), is_float);
    const bool same = std::all_of(types.begin(), types.end(),
                                  [&](const std::string& type) { return type == types.front(); });
    if (floats && !same) {
        if (of_list) {
            refuse(*operands.front(), "a float in a list of other numbers",
                   "cast it: x::double precision IN (…)");
        }
        for (Json* operand : operands) {
            *operand = to_double(std::move(*operand));
        }
    }
}

void Exact::comparison(Json& node) {
    const std::string_view kind = text_of(node, "class");
    if (kind == "COMPARISON") {
        compare({&node["left"], &node["right"]});
    } else if (kind == "BETWEEN") {
        compare({&node["input"], &node["lower"], &node["upper"]});
    } else if (text_of(node, "type").starts_with("COMPARE_")) { // IN
        std::vector<Json*> operands;
        for (Json& child : node["children"]) {
            if (!is_class(child, "CONSTANT") || !child["value"].value("is_null", false)) {
                operands.push_back(&child);
            }
        }
        compare(operands, m_types.of(*operands.front()) == "FLOAT");
    }
}

void Exact::cast(Json& node) {
    Json& child = node["child"];
    const std::string to{text_of(node["cast_type"], "id")};
    if (to == "VARCHAR") {
        child = to_text(std::move(child), false);
        return;
    }
    if (!is_number(to)) {
        return;
    }
    const std::string from = m_types.of(child);
    if (from.empty() && (is_decimal(to) || is_float(to))) {
        type_of(child, "a cast");
    }
    if (from == "VARCHAR") {
        if (is_float(to)) {
            child = make_call(to == "FLOAT" ? "cdc_real_of_text" : "cdc_double_of_text",
                              {std::move(child)});
        } else {
            child = make_call(is_decimal(to) ? "cdc_number" : "cdc_whole", {std::move(child)});
        }
    } else if (is_float(from) && is_decimal(to)) {
        child = make_call(from == "FLOAT" ? "cdc_digits_real" : "cdc_digits", {std::move(child)});
    } else if (from == "DOUBLE" && to == "FLOAT") {
        child = make_call("cdc_real", {std::move(child)});
    } else if (is_float(to) && (is_decimal(from) || from == "HUGEINT") &&
               (to == "FLOAT" || !is_exact_in_double(from))) {
        child = make_cast(std::move(child), "VARCHAR");
    }
}

void Exact::of_expression(Json& node) {
    static constexpr std::array kRules = std::to_array<Named>({
        {"+", &Exact::arithmetic},   {"-", &Exact::arithmetic},
        {"*", &Exact::arithmetic},   {"/", &Exact::arithmetic},
        {"%", &Exact::modulo},       {"mod", &Exact::modulo},
        {"ceil", &Exact::rounding},  {"ceiling", &Exact::rounding},
        {"floor", &Exact::rounding}, {"date_part", &Exact::date_part},
        {"round", &Exact::rounding}, {"sign", &Exact::rounding},
        {"trunc", &Exact::rounding}, {"||", &Exact::concatenation},
        {"concat", &Exact::concat},  {"concat_ws", &Exact::concat},
        {"upper", &Exact::upper},    {"sum", &Exact::sum},
        {"avg", &Exact::average},
    });
    const std::string_view kind = text_of(node, "class");
    if (kind == "SUBQUERY") {
        if (m_bound) {
            of_subquery(node);
        } else {
            of_expressions(node);
        }
        return;
    }
    if (kind == "CONSTANT" || kind == "COLUMN_REF") {
        return;
    }
    of_expressions(node);
    const std::string alias{text_of(node, "alias")};
    node["alias"] = "";
    if (kind == "CAST") {
        cast(node);
    } else if (kind == "FUNCTION" || kind == "WINDOW") {
        const std::string_view name = text_of(node, "function_name");
        const auto* const found = std::find_if(
            kRules.begin(), kRules.end(), [&](const Named& rule) { return rule.name == name; });
        if (found != kRules.end()) {
            (this->*found->rule)(node);
        }
    } else {
        comparison(node);
    }
    node["alias"] = alias;
}

/// Expressions at any depth below a node that is none itself, or whose own rule comes later.
void Exact::of_expressions(Json& node) {
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
    const std::vector<std::string> types = of_query(query);
    if (!types.empty()) {
        m_types.set_subquery(query, types.front());
    }
}

std::vector<std::string> Exact::of_query(Json& node) {
    if (!is_type(node, "SET_OPERATION_NODE")) {
        return of_select(node);
    }
    std::vector<std::string> types = of_query(node["left"]);
    const std::vector<std::string> right = of_query(node["right"]);
    for (std::size_t i = 0; i < types.size() && i < right.size(); ++i) {
        types[i] = m_types.common(types[i], right[i]);
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
        for (std::size_t i = 0; i < types.size(); ++i) {
            m_types.set_column(alias, std::string{text_of((*first)["select_list"][i], "alias")},
                               types[i]);
        }
    } else if (is_type(node, "EXPRESSION_LIST")) {
        of_expressions(node);
        const std::vector<std::string> types = m_types.of_from(node);
        const Json names = node.value("column_name_alias", Json::array());
        for (std::size_t i = 0; i < types.size(); ++i) {
            m_types.set_column(
                alias, i < names.size() ? names[i].get<std::string>() : fmt::format("col{}", i),
                types[i]);
        }
    }
}

} // namespace

void make_exact(Json& node, const std::vector<Relation>& relations, const Engine& engine,
                bool bound) {
    Exact exact{node, relations, engine, bound};
    if (bound) {
        exact.of_query(node);
    } else {
        exact.of_expressions(node);
    }
}

} // namespace cdc::views
