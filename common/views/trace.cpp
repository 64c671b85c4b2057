#include "views/trace.hpp"

#include "views/functions.hpp"

#include <algorithm>

namespace cdc::views {

namespace {

bool is_computed(const Json& part) {
    return is_class(part, "WINDOW") || is_class(part, "SUBQUERY") || is_aggregate_call(part);
}

/// The expression's value is fixed by those of `given`.
bool follows_from(const Json& expression, const Json& given) {
    if (std::any_of(given.begin(), given.end(),
                    [&](const Json& one) { return same_expression(one, expression); })) {
        return true;
    }
    if (is_class(expression, "COLUMN_REF")) {
        return false;
    }
    const auto stands = [&](const auto& self, const Json& node) -> bool {
        if (node.is_object() && node.contains("class")) {
            return follows_from(node, given);
        }
        return !node.is_structured() ||
               std::all_of(node.begin(), node.end(),
                           [&](const Json& child) { return self(self, child); });
    };
    return std::all_of(expression.begin(), expression.end(),
                       [&](const Json& child) { return stands(stands, child); });
}

/// Of every window of the SELECT, also those in QUALIFY and in the order of DISTINCT ON.
bool is_in_every_partition(const Json& expression, const Json& select) {
    for (const char* property : {"select_list", "qualify", "modifiers"}) {
        const bool outside = any_of_own(select[property], [&](const Json& part) {
            return is_class(part, "WINDOW") && !follows_from(expression, part["partitions"]);
        });
        if (outside) {
            return false;
        }
    }
    return true;
}

bool is_in_distinct_on(const Json& expression, const Json& select) {
    const Json& modifiers = select["modifiers"];
    return std::all_of(modifiers.begin(), modifiers.end(), [&](const Json& modifier) {
        const Json& targets = modifier.value("distinct_on_targets", Json::array());
        return targets.empty() || follows_from(expression, targets);
    });
}

bool names_sources_of(const Json& expression, const Json& from) {
    return !any_of(expression, [&](const Json& part) {
        return is_class(part, "COLUMN_REF") &&
               !has_source(from, part["column_names"][0].get_ref<const std::string&>());
    });
}

bool is_traceable_item(const Json& select, const Json& item, const Sources& sources) {
    const std::optional<FullKey> full = keyed_full_join(select, sources);
    const bool followed = full && is_full_key(item, *full)
                              ? true
                              : is_plain(item) && names_traceable_only(item, sources);
    return followed && is_in_every_partition(item, select) && is_in_distinct_on(item, select);
}

} // namespace

bool is_plain(const Json& expression) {
    return !any_of(expression, is_computed);
}

bool names_traceable_only(const Json& expression, const Sources& sources,
                          bool null_supplied_allowed) {
    return !any_of(expression, [&](const Json& part) {
        if (!is_class(part, "COLUMN_REF")) {
            return false;
        }
        const Source& source = sources.at(part["column_names"][0].get<std::string>());
        return (source.null_supplied && !null_supplied_allowed) ||
               !source.traceable.at(part["column_names"][1]);
    });
}

std::optional<FullKey> keyed_full_join(const Json& select, const Sources& sources) {
    const Json& from = select["from_table"];
    if (!is_type(from, "JOIN") || text_of(from, "join_type") != "FULL" ||
        is_type(from["left"], "JOIN") || is_type(from["right"], "JOIN") ||
        !is_type(from["condition"], "COMPARE_EQUAL")) {
        return std::nullopt;
    }
    const Json& condition = from["condition"];
    const bool straight = names_sources_of(condition["left"], from["left"]) &&
                          names_sources_of(condition["right"], from["right"]);
    const bool crossed = names_sources_of(condition["left"], from["right"]) &&
                         names_sources_of(condition["right"], from["left"]);
    if (straight == crossed) {
        return std::nullopt;
    }
    const auto followed = [&](const Json& side) {
        return is_class(side, "COLUMN_REF") &&
               sources.at(side["column_names"][0].get<std::string>())
                   .traceable.at(side["column_names"][1]);
    };
    if (!followed(condition["left"]) || !followed(condition["right"])) {
        return std::nullopt;
    }
    return straight ? FullKey{condition["left"], condition["right"]}
                    : FullKey{condition["right"], condition["left"]};
}

bool is_full_key(const Json& expression, const FullKey& key) {
    if (!is_type(expression, "OPERATOR_COALESCE") || expression["children"].size() != 2) {
        return false;
    }
    const Json& first = expression["children"][0];
    const Json& second = expression["children"][1];
    return (same_expression(first, key.left) && same_expression(second, key.right)) ||
           (same_expression(first, key.right) && same_expression(second, key.left));
}

bool is_traceable(const Json& query, std::size_t place, const Sources& sources) {
    if (is_type(query, "SET_OPERATION_NODE")) {
        return is_traceable(query["left"], place, sources) &&
               is_traceable(query["right"], place, sources);
    }
    const Json& items = query["select_list"];
    return place < items.size() && is_traceable_item(query, items[place], sources);
}

const Json& first_select(const Json& query) {
    return is_type(query, "SET_OPERATION_NODE") ? first_select(query["left"]) : query;
}

std::size_t column_count(const Json& query) {
    return first_select(query)["select_list"].size();
}

} // namespace cdc::views
