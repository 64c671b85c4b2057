#include "cdc-transform/frozen.hpp"

#include "duckdb/database.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>

namespace cdc::transform {

using views::Json;

namespace {

/// The column under date_trunc() and casts to whole days, which only make a time smaller.
const Json& cut_down(const Json& expression) {
    if (views::is_class(expression, "CAST") &&
        views::text_of(expression["cast_type"], "id") == "DATE") {
        return cut_down(expression["child"]);
    }
    if (views::is_class(expression, "FUNCTION") &&
        views::text_of(expression, "function_name") == "date_trunc") {
        return cut_down(expression["children"].back());
    }
    return expression;
}

const KeptColumn* find_kept(const Json& expression, const views::BoundView& view,
                            const std::vector<KeptColumn>& kept) {
    const Json& column = cut_down(expression);
    if (!views::is_class(column, "COLUMN_REF") || column["column_names"].size() != 2) {
        return nullptr;
    }
    const auto source = view.sources.find(column["column_names"][0].get<std::string>());
    if (source == view.sources.end() || source->second.null_supplied) {
        return nullptr;
    }
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const KeptColumn& each) {
        return each.relation == source->second.relation && column["column_names"][1] == each.column;
    });
    return found == kept.end() ? nullptr : &*found;
}

} // namespace

std::string FrozenBy::is_old(const std::string& value, std::int64_t commit_ts_ms) const {
    return fmt::format("coalesce(CAST({} AS TIMESTAMP) < CAST(CAST(make_timestamp({}) - INTERVAL "
                       "{} AS {}) AS TIMESTAMP), false)",
                       value, commit_ts_ms * 1000, duckdb::quoted_text(kept.interval), kept.type);
}

std::optional<FrozenBy> frozen_by(const views::BoundView& view,
                                  const std::vector<KeptColumn>& kept) {
    if (!view.view.freeze) {
        return std::nullopt;
    }
    if (!view.view.full && views::is_type(view.node, "SELECT_NODE")) {
        for (const Json& item : view.node["select_list"]) {
            const std::string name{views::text_of(item, "alias")};
            const std::vector<std::string>& by = view.view.found_by();
            const KeptColumn* found = std::find(by.begin(), by.end(), name) == by.end()
                                          ? nullptr
                                          : find_kept(item, view, kept);
            if (found != nullptr) {
                return FrozenBy{name, *found};
            }
        }
    }
    views::refuse_view(view.view,
                       {"FREEZE of a view whose KEY or PARTITION does not tell the age of rows",
                        "one of its columns must be the column of a KEEP, its date_trunc() or its "
                        "date, in a view without FULL and set operations",
                        views::kNoPosition});
}

} // namespace cdc::transform
