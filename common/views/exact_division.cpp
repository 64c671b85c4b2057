// Divisions and averages.
#include "views/exact_rules.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace cdc::views {

namespace {

constexpr const char* kSayScale =
    "say its scale: round(x / y, 2) or (x / y)::numeric(12,2) is exact; so is x::double precision "
    "/ y as a float";

/// Rank of the types that PostgreSQL divides as integers; 0: none of them. Sums of integers are
/// HUGEINT, which may be bigint or numeric there.
std::size_t integer_rank(std::string_view type) {
    static constexpr std::array kIntegers =
        std::to_array<std::string_view>({"", "TINYINT", "SMALLINT", "INTEGER", "BIGINT"});
    for (std::size_t rank = 1; rank < kIntegers.size(); ++rank) {
        if (kIntegers[rank] == type) {
            return rank;
        }
    }
    return 0;
}

bool is_average(const Json& node) {
    return (is_class(node, "FUNCTION") || is_class(node, "WINDOW")) &&
           text_of(node, "function_name") == "avg" && node["children"].size() == 1;
}

bool is_division(const Json& node) {
    return is_class(node, "FUNCTION") && text_of(node, "function_name") == "/" &&
           node["children"].size() == 2;
}

} // namespace

Json* quotient_in(Json& node) {
    Json* inner = nullptr;
    if (is_class(node, "CAST") && text_of(node["cast_type"], "id") == "DECIMAL") {
        inner = &node["child"];
    } else if (is_class(node, "FUNCTION") && text_of(node, "function_name") == "round" &&
               !node["children"].empty()) {
        inner = &node["children"][0];
    }
    return inner != nullptr && (is_average(*inner) || is_division(*inner)) ? inner : nullptr;
}

bool Exact::scaled_quotient(Json& node, Json& inner) {
    Json left;
    Json right;
    if (is_division(inner)) {
        left = inner["children"][0];
        right = inner["children"][1];
        const std::string types[] = {m_types.of(left), m_types.of(right)};
        const bool whole = integer_rank(types[0]) > 0 && integer_rank(types[1]) > 0 &&
                           !is_numeric(left) && !is_numeric(right);
        const auto is_known = [](const std::string& type) {
            return is_decimal(type) || integer_rank(type) > 0;
        };
        if (whole || !is_known(types[0]) || !is_known(types[1])) {
            return false;
        }
    } else {
        const Json& value = inner["children"][0];
        const std::string type = m_types.of(value);
        if (!is_decimal(type) && !is_integer(type)) {
            return false;
        }
        left = make_beside(inner, "sum", value);
        right = make_beside(inner, "count", value);
    }
    const bool is_cast = is_class(node, "CAST");
    const int places = is_cast ? node["cast_type"]["type_info"].value("scale", 0)
                       : node["children"].size() == 2
                           ? node["children"][1]["value"]["value"].get<int>()
                           : 0;
    Json quotient =
        make_call("cdc_quotient", {make_cast(std::move(left), "VARCHAR"),
                                   make_cast(std::move(right), "VARCHAR"), make_constant(places)});
    if (is_cast) {
        node["child"] = std::move(quotient);
    } else {
        node = m_types.make_cast(std::move(quotient), fmt::format("DECIMAL(38,{})", places));
    }
    return true;
}

void Exact::division(Json& node) {
    Json& children = node["children"];
    if (children.size() != 2) {
        return;
    }
    read_operands(node);
    const std::string left = m_types.of(children[0]);
    const std::string right = m_types.of(children[1]);
    if (left.empty() || right.empty()) {
        refuse(node, "a division of an operand whose type is not known here",
               "cast the operands to their types, or write the view without FULL");
    }
    if (is_float(left) || is_float(right)) {
        arithmetic(node);
        return;
    }
    const std::size_t rank = std::min(integer_rank(left), integer_rank(right));
    if (rank == 0) {
        refuse(node, fmt::format("a division of {} by {}", left, right),
               left == "HUGEINT" || right == "HUGEINT"
                   ? "a sum of integers may be bigint or numeric: cast it to one of them"
                   : kSayScale);
    }
    if (is_numeric(children[0]) || is_numeric(children[1])) {
        refuse(node, "a division of a numeric, which extract(), sign(n) and round(x, n) are",
               fmt::format("cast it, x::integer / y, for a whole number, or {}", kSayScale));
    }
    const std::string& type = integer_rank(left) > integer_rank(right) ? left : right;
    node = make_cast(make_call("cdc_divide_whole", {make_cast(std::move(children[0]), "BIGINT"),
                                                    make_cast(std::move(children[1]), "BIGINT")}),
                     type);
}

void Exact::average(Json& node) {
    const Json& child = node["children"][0];
    const std::string type = m_types.of(child);
    if (!is_float(type)) {
        refuse(node,
               type.empty() ? std::string{"avg() of an operand whose type is not known here"}
                            : fmt::format("avg() of {}", type),
               "say its scale: round(avg(x), 2) or avg(x)::numeric(12,2) is exact; or write "
               "avg(x::double precision)");
    }
    if (!is_class(child, "CAST") || type == "FLOAT") {
        refuse(node, "avg() of floats",
               "its last digits depend on the order of rows: avg(x::double precision) is taken as "
               "it comes");
    }
    Json largest = make_beside(node, "max", make_call("abs", {child}));
    node = make_call("cdc_avg", {std::move(node), std::move(largest)});
}

} // namespace cdc::views
