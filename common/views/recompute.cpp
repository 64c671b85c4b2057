#include "views/recompute.hpp"

#include "views/functions.hpp"
#include "views/trace.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

/// Makes the condition from a query's own expressions of the columns by which rows are found.
using Condition = std::function<Json(const std::vector<Json>&)>;

/// One row even where no row is left to it.
bool is_always_one_row(const Json& select) {
    const auto aggregates = [](const Json& part) {
        return is_aggregate_call(part);
    };
    return select["group_expressions"].empty() &&
           (!is_null(select, "having") || any_of_own(select["select_list"], aggregates));
}

void add_conjunct(Json& clause, const Json& condition) {
    std::vector<Json> all{condition};
    for (Json& other : conjuncts(clause)) {
        all.push_back(std::move(other));
    }
    clause = make_conjunction("CONJUNCTION_AND", std::move(all));
}

void add_condition(Json& query, const std::vector<std::size_t>& places, const Condition& make) {
    if (is_type(query, "SET_OPERATION_NODE")) {
        add_condition(query["left"], places, make);
        add_condition(query["right"], places, make);
        return;
    }
    std::vector<Json> keys;
    for (const std::size_t place : places) {
        Json key = query["select_list"][place];
        key["alias"] = "";
        keys.push_back(std::move(key));
    }
    // The keys first: the engine keeps the order of conditions that can fail, and those of the
    // SELECT are then computed for these keys' rows alone.
    const Json condition = make(keys);
    add_conjunct(query["where_clause"], condition);
    if (is_always_one_row(query)) {
        add_conjunct(query["having"], condition);
    }
}

std::string recompute_where(const BoundView& view, const Condition& make, const Engine& engine) {
    std::vector<std::size_t> places;
    for (const std::string& name : view.view.found_by()) {
        places.push_back(static_cast<std::size_t>(
            std::find(view.columns.begin(), view.columns.end(), name) - view.columns.begin()));
    }
    Json query = view.node;
    if (!places.empty() && !view.view.full) {
        add_condition(query, places, make);
    }
    return engine.deserialise(statement_text(query));
}

Json is_null_test(const Json& expression) {
    return make_operator("OPERATOR_IS_NULL", {expression});
}

Json make_row(const std::vector<Json>& values) {
    if (values.size() == 1) {
        return values.front();
    }
    return {{"class", "FUNCTION"},
            {"type", "FUNCTION"},
            {"function_name", "row"},
            {"schema", "main"},
            {"children", values},
            {"order_bys", {{"type", "ORDER_MODIFIER"}, {"orders", Json::array()}}}};
}

constexpr const char* kKeys = "found_keys";

/// R12: NULL keys are looked for only where there are any, and apart: IS NOT DISTINCT FROM is slow.
Json null_condition(const std::vector<Json>& keys, const std::vector<std::string>& names,
                    const std::string& table) {
    std::vector<Json> any_null;
    std::vector<Json> same;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        any_null.push_back(is_null_test(keys[i]));
        same.push_back(
            make_compare("COMPARE_NOT_DISTINCT_FROM", make_column(kKeys, names[i]), keys[i]));
    }
    Json found = make_exists(make_select({make_constant(1)}, make_table(table, kKeys), same));
    return make_conjunction("CONJUNCTION_AND",
                            {make_conjunction("CONJUNCTION_OR", any_null), std::move(found)});
}

} // namespace

std::string recompute(const BoundView& view, const KeySet& keys, const Engine& engine) {
    const std::vector<std::string>& names = view.view.found_by();
    const auto make = [&](const std::vector<Json>& expressions) {
        std::vector<Json> columns;
        for (const std::string& name : names) {
            columns.push_back(make_column(kKeys, name));
        }
        Json found = make_in(make_row(expressions),
                             make_select(std::move(columns), make_table(keys.table, kKeys), {}));
        return keys.has_null ? make_conjunction("CONJUNCTION_OR",
                                                {std::move(found),
                                                 null_condition(expressions, names, keys.table)})
                             : found;
    };
    return recompute_where(view, make, engine);
}

std::string recompute_literals(const BoundView& view, const std::string& literals, bool has_null,
                               const Engine& engine) {
    // The tree needs constants; a text that no view has stands for them until it is SQL again.
    static const std::string kPlace = "\x01literals";
    const auto make = [&](const std::vector<Json>& expressions) {
        Json place = make_constant(0);
        place["value"] = {{"type", {{"id", "VARCHAR"}, {"type_info", nullptr}}},
                          {"is_null", false},
                          {"value", kPlace}};
        Json found = make_operator("COMPARE_IN", {expressions.front(), std::move(place)});
        return has_null ? make_conjunction("CONJUNCTION_OR",
                                           {std::move(found), is_null_test(expressions.front())})
                        : found;
    };
    std::string sql = recompute_where(view, make, engine);
    const std::string quoted = "'" + kPlace + "'";
    for (std::size_t at = sql.find(quoted); at != std::string::npos;
         at = sql.find(quoted, at + literals.size())) {
        sql.replace(at, quoted.size(), literals);
    }
    return sql;
}

} // namespace cdc::views
