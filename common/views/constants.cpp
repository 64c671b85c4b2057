#include "views/constants.hpp"

#include "base/error.hpp"
#include "views/exact.hpp"
#include "views/functions.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <vector>

namespace cdc::views {

namespace {

/// What depends on no row.
bool follows_from_constants(const Json& expression) {
    return !any_of(expression, [](const Json& part) {
        const std::string_view kind = text_of(part, "class");
        return kind == "COLUMN_REF" || kind == "SUBQUERY" || kind == "WINDOW" || kind == "STAR" ||
               is_type(part, "BASE_TABLE") || is_aggregate_call(part);
    });
}

/// The largest ones.
void collect_constants(const Json& node, std::vector<const Json*>& out) {
    const bool is_expression = node.is_object() && node.contains("class");
    if (is_expression && follows_from_constants(node)) {
        // A row's value decides about a call of error() beside it.
        if (!is_class(node, "CONSTANT") && text_of(node, "function_name") != "error") {
            out.push_back(&node);
        }
        return;
    }
    if (node.is_structured()) {
        for (const Json& child : node) {
            collect_constants(child, out);
        }
    }
}

std::string select_of(const std::vector<const Json*>& constants, const Engine& engine) {
    std::vector<Json> items;
    for (const Json* constant : constants) {
        items.push_back(named(*constant, ""));
    }
    return engine.deserialise(
        statement_text(make_select(std::move(items), {{"type", "EMPTY"}}, {})));
}

/// Of the expression or what stands in it: what was rewritten has none of its own.
std::size_t first_position(const Json& expression) {
    std::size_t first = kNoPosition;
    any_of(expression, [&first](const Json& part) {
        first = std::min(first, position_of(part));
        return false;
    });
    return first;
}

bool has_divisor(const Json& expression) {
    const std::string_view name = text_of(expression, "function_name");
    return is_class(expression, "FUNCTION") && expression["children"].size() == 2 &&
           (name == "/" || name == "%" || name == "mod");
}

/// Fails where the divisor is 0. A literal one is looked at with the function.
Json divided_by(const Json& divisor) {
    return make_case(make_compare("COMPARE_EQUAL", divisor, make_constant(0)),
                     make_call("error", {make_text("division by zero")}), make_constant(1));
}

} // namespace

std::string first_line(std::string words) {
    const std::size_t begin = words.find("Error: ");
    words.erase(0, begin == std::string::npos ? 0 : begin + 7);
    return words.substr(0, words.find('\n'));
}

void check_constants_alone(const Json& query, const Engine& engine) {
    if (!engine.describe) {
        return;
    }
    std::vector<const Json*> constants;
    collect_constants(query, constants);
    std::vector<Json> all;
    for (const Json* constant : constants) {
        all.push_back(named(*constant, ""));
    }
    any_of(query, [&all](const Json& part) {
        if (has_divisor(part) && !follows_from_constants(part["children"][0]) &&
            follows_from_constants(part["children"][1]) &&
            !is_class(part["children"][1], "CONSTANT")) {
            all.push_back(divided_by(part["children"][1]));
        }
        return false;
    });
    for (Json& one : all) {
        Json select = make_select({std::move(one)}, {{"type", "EMPTY"}}, {});
        make_exact(select, {}, engine, true);
    }
}

void check_constants(const Json& node, const Engine& engine) {
    std::vector<const Json*> constants;
    collect_constants(node, constants);
    if (constants.empty()) {
        return;
    }
    try {
        engine.compute(select_of(constants, engine));
        return;
    } catch (const base::Error&) {
        // One by one says which.
    }
    for (const Json* constant : constants) {
        try {
            engine.compute(select_of({constant}, engine));
        } catch (const base::Error& error) {
            throw Problem{"a constant that cannot be computed",
                          fmt::format("no row can be computed by it: {}", first_line(error.what())),
                          first_position(*constant)};
        }
    }
}

} // namespace cdc::views
