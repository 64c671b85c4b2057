#include "views/constructs.hpp"

#include "base/error.hpp"
#include "views/functions.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <array>

namespace cdc::views {

namespace {

constexpr const char* kOrFull = "let the view say FULL: it is then recomputed whole at each cut";

constexpr std::array kOperators =
    std::to_array<std::string_view>({"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL",
                                     "OPERATOR_COALESCE", "COMPARE_IN", "COMPARE_NOT_IN"});

constexpr std::array kPlainClasses = std::to_array<std::string_view>(
    {"BETWEEN", "CASE", "COLUMN_REF", "CONJUNCTION", "CONSTANT", "STAR", "SUBQUERY"});

/// PostgreSQL's numeric has any scale; DuckDB's is numeric(18,3) when none is said, and the tree
/// does not tell whether it was.
void check_cast(const Json& expression) {
    if (expression.value("try_cast", false)) {
        refuse(expression, "TRY_CAST",
               "PostgreSQL has none: write CAST, in a CASE that leaves out what is no such value");
    }
    const Json& type = expression["cast_type"];
    if (text_of(type, "id") != "DECIMAL") {
        return;
    }
    const Json& digits = type["type_info"];
    if (digits.is_null() || (digits.value("width", 0) == 18 && digits.value("scale", 0) == 3)) {
        refuse(expression, "a cast to numeric without a scale",
               "say how many digits, numeric(12,2); numeric(19,3) for numeric(18,3)");
    }
}

} // namespace

void check_query(const Json& node) {
    if (is_type(node, "RECURSIVE_CTE_NODE")) {
        refuse(node, "WITH RECURSIVE", kOrFull);
    }
    if (!is_type(node, "SELECT_NODE") && !is_type(node, "SET_OPERATION_NODE")) {
        refuse(node, fmt::format("a query of the kind {}", text_of(node, "type")), kOrFull);
    }
    if (!is_null(node, "sample")) {
        refuse(node, "USING SAMPLE", "its answer is random");
    }
}

void check_modifiers(const Json& modifiers, bool limit_allowed) {
    bool ordered = false;
    bool limited = false;
    for (const Json& modifier : modifiers) {
        ordered = ordered || is_type(modifier, "ORDER_MODIFIER");
        limited = limited || is_type(modifier, "LIMIT_MODIFIER") ||
                  is_type(modifier, "LIMIT_PERCENT_MODIFIER");
    }
    if (limited && (!limit_allowed || !ordered)) {
        refuse(modifiers, limit_allowed ? "LIMIT without ORDER BY" : "LIMIT or OFFSET",
               limit_allowed ? "its answer depends on the order of rows: add ORDER BY"
                             : "filter by QUALIFY row_number() OVER (PARTITION BY …), or say FULL");
    }
}

void check_from(const Json& node) {
    if (!is_null(node, "sample")) {
        refuse(node, "TABLESAMPLE", "its answer is random");
    }
    if (!is_null(node, "at_clause")) {
        refuse(node, "AT", "the state has no versions");
    }
    static constexpr std::array kKinds =
        std::to_array<std::string_view>({"BASE_TABLE", "EMPTY", "JOIN", "SUBQUERY"});
    const std::string_view kind = text_of(node, "type");
    if (kind == "TABLE_FUNCTION") {
        refuse(node,
               fmt::format("the table function {}()", text_of(node["function"], "function_name")),
               "views read input tables and other views");
    }
    if (kind == "EXPRESSION_LIST") {
        refuse(node["values"][0][0], "VALUES in FROM",
               "write (SELECT 1 AS k UNION ALL SELECT 2), or say FULL");
    }
    if (!is_one_of(kind, kKinds)) {
        refuse(node, fmt::format("{} in FROM", kind), kOrFull);
    }
}

void check_join(const Json& node) {
    const std::string_view kind = text_of(node, "ref_type");
    if (kind == "NATURAL") {
        refuse(node, "NATURAL JOIN", "name the columns: USING (…)");
    }
    if (kind != "REGULAR" && kind != "CROSS") {
        refuse(node, fmt::format("{} JOIN", kind), kOrFull);
    }
    const std::string_view type = text_of(node, "join_type");
    if (type == "SEMI" || type == "ANTI") {
        refuse(node, fmt::format("{} JOIN", type), "write WHERE [NOT] EXISTS (…)");
    }
    static constexpr std::array kTypes =
        std::to_array<std::string_view>({"INNER", "LEFT", "RIGHT", "OUTER", "FULL"});
    if (!is_one_of(type, kTypes)) {
        refuse(node, fmt::format("{} JOIN", type), kOrFull);
    }
    if (!is_null(node, "condition") && has_subquery(node["condition"])) {
        refuse(node, "a subquery in ON", "move it to WHERE, or make it a view of its own");
    }
}

void check_groups(const Json& select) {
    const std::size_t groups = select["group_expressions"].size();
    const Json& sets = select["group_sets"];
    if (sets.size() > 1 || (sets.size() == 1 && sets.front().size() != groups)) {
        refuse(select, "ROLLUP, CUBE or GROUPING SETS",
               "make one view for each grouping, or say FULL");
    }
}

void check_expression(const Json& expression) {
    const std::string_view kind = text_of(expression, "class");
    const std::string_view type = text_of(expression, "type");
    if (kind == "FUNCTION" || kind == "WINDOW") {
        check_function(expression);
    } else if (kind == "CAST") {
        check_cast(expression);
    } else if (kind == "PARAMETER") {
        refuse(expression, "a parameter", "views have none: write the value");
    } else if (kind == "COMPARISON" ? comparison_text(type).empty()
               : kind == "OPERATOR" ? !is_one_of(type, kOperators)
                                    : !is_one_of(kind, kPlainClasses)) {
        refuse(expression, fmt::format("the expression {}", type),
               "cdc-transform(1) lists what views may use");
    }
}

} // namespace cdc::views
