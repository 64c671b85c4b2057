#include "views/exact.hpp"

#include "base/error.hpp"
#include "views/constants.hpp"
#include "views/refused.hpp"

#include <utility>

namespace cdc::views {

std::string Types::of(const Json& expression) {
    if (is_class(expression, "COLUMN_REF")) {
        const Json& names = expression["column_names"];
        const auto source = names.size() == 2 ? m_columns.find(names[0]) : m_columns.end();
        if (source == m_columns.end()) {
            return "";
        }
        const auto column = source->second.find(names[1]);
        return column == source->second.end() ? "" : column->second;
    }
    for (const bool constants : {false, true}) {
        m_constants = constants;
        Json asked = named(expression, "");
        if (!replace_columns(asked)) {
            return "";
        }
        try {
            return describe(make_select({std::move(asked)}, {{"type", "EMPTY"}}, {})).at(0);
        } catch (const base::Error& error) {
            if (constants) {
                throw Problem{"an expression that the engine does not take",
                              first_line(error.what()), position_of(expression)};
            }
        }
    }
    return "";
}

std::vector<std::string> Types::of_from(const Json& from) {
    return describe(make_select({{{"class", "STAR"}, {"type", "STAR"}}}, from, {}));
}

std::string Types::common(const std::string& left, const std::string& right) {
    if (left == right || left.empty() || right.empty()) {
        return left == right ? left : "";
    }
    return m_engine
        .describe(
            fmt::format("SELECT CAST(NULL AS {}) UNION ALL SELECT CAST(NULL AS {})", left, right))
        .at(0);
}

std::vector<std::string> Types::describe(const Json& select) {
    return m_engine.describe(m_engine.deserialise(statement_text(select)));
}

Json Types::make_cast(Json child, const std::string& type) {
    const Json tree = Json::parse(m_engine.serialise(fmt::format("SELECT CAST(NULL AS {})", type)));
    Json out = tree["statements"][0]["node"]["select_list"][0];
    out["query_location"] = position_of(child);
    out["child"] = std::move(child);
    return out;
}

const Json& Types::null_of(const std::string& type) {
    const std::string sql = m_constants ? fmt::format("SELECT CAST(NULL AS {})", type)
                                        : fmt::format("SELECT (SELECT CAST(NULL AS {}))", type);
    const auto [found, is_new] = m_nulls.try_emplace(sql);
    if (is_new) {
        const Json tree = Json::parse(m_engine.serialise(sql));
        found->second = tree["statements"][0]["node"]["select_list"][0];
    }
    return found->second;
}

bool Types::replace_columns(Json& node) {
    if (is_class(node, "COLUMN_REF") || is_class(node, "SUBQUERY")) {
        std::string type;
        if (is_class(node, "COLUMN_REF")) {
            type = of(node);
        } else if (text_of(node, "subquery_type") != "SCALAR") {
            type = "BOOLEAN";
        } else if (const auto known = m_subqueries.find(node["subquery"]["node"].dump());
                   known != m_subqueries.end()) {
            type = known->second;
        }
        if (type.empty()) {
            return false;
        }
        node = null_of(type);
        return true;
    }
    if (node.is_structured()) {
        for (Json& child : node) {
            if (!replace_columns(child)) {
                return false;
            }
        }
    }
    return true;
}

} // namespace cdc::views
