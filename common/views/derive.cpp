#include "views/derive.hpp"

#include "views/image.hpp"
#include "views/view_refusal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::views {

namespace {

std::size_t place_of(const BoundView& view, const std::string& column) {
    return static_cast<std::size_t>(std::find(view.columns.begin(), view.columns.end(), column) -
                                    view.columns.begin());
}

bool names_only(const Json& expression, const std::string& alias) {
    return !has_subquery(expression) && !any_of(expression, [&](const Json& part) {
        return is_class(part, "COLUMN_REF") && part["column_names"][0] != alias;
    });
}

/// It has a value for each row. A cast or a function may have one only where a condition holds.
bool always_has_value(const Json& expression) {
    static constexpr std::array kSafe =
        std::to_array<std::string_view>({"char_length", "character_length", "date_trunc", "length",
                                         "lower", "ltrim", "rtrim", "trim", "upper", "||"});
    return !any_of(expression, [](const Json& part) {
        if (is_class(part, "CAST")) {
            return text_of(part["cast_type"], "id") != "VARCHAR";
        }
        return is_class(part, "FUNCTION") && !is_one_of(text_of(part, "function_name"), kSafe);
    });
}

/// A key that lies in the changed rows needs no join: fewer conditions find more keys, never fewer.
void narrow(Image& image, const std::vector<Json>& keys, const Json& changed) {
    const auto alias = changed["alias"].get<std::string>();
    const bool own = std::all_of(keys.begin(), keys.end(),
                                 [&](const Json& key) {
                                     return names_only(key, alias) && always_has_value(key);
                                 }) &&
                     std::any_of(keys.begin(), keys.end(),
                                 [&](const Json& key) { return names_source(key, alias); });
    if (!own) {
        return;
    }
    image.from = changed;
    image.conditions.erase(
        std::remove_if(image.conditions.begin(), image.conditions.end(),
                       [&](const Json& condition) { return !names_only(condition, alias); }),
        image.conditions.end());
}

/// Conditions that are subqueries stay: they are what ties the changed rows to the keys.
void drop_conditions(Image& image) {
    image.conditions.erase(
        std::remove_if(image.conditions.begin(), image.conditions.end(),
                       [](const Json& condition) { return !has_subquery(condition); }),
        image.conditions.end());
}

Json key_query(const BoundView& view, const std::string& occurrence, const std::string& changed,
               bool wide) {
    const std::vector<std::string>& names = view.view.found_by();
    Image image = Imager{view.sources, occurrence, changed, names.empty()}.of_query(view.node);
    if (wide) {
        drop_conditions(image);
    }
    std::vector<Json> keys;
    for (const std::string& name : names) {
        keys.push_back(named(image.items.at(place_of(view, name)), name));
    }
    narrow(image, keys, make_table(changed, occurrence));
    if (keys.empty()) {
        keys.push_back(named(make_true(), "changed"));
    }
    return make_distinct(
        make_select(std::move(keys), std::move(image.from), std::move(image.conditions)));
}

void check_key(const BoundView& view) {
    const char* const word = view.view.has_key ? "KEY" : "PARTITION";
    for (const std::string& name : view.view.found_by()) {
        const std::size_t place = place_of(view, name);
        if (!is_traceable(view.node, place, view.sources)) {
            refuse_view(view.view,
                        {fmt::format("{} {} cannot be followed to columns of tables", word,
                                     base::in_quotes(name)),
                         "it must not be an aggregate, a subquery's value or on the null-supplied "
                         "side of an outer join, and stand in each PARTITION BY and in DISTINCT ON",
                         position_of(first_select(view.node)["select_list"][place])});
        }
    }
}

} // namespace

std::vector<DerivedQuery> derive(const BoundView& view, const std::string& stored,
                                 const Engine& engine) {
    std::vector<DerivedQuery> result;
    if (view.view.full) {
        return result;
    }
    check_key(view);
    for (const auto& [alias, source] : view.sources) {
        if (source.relation != stored) {
            continue;
        }
        try {
            const auto sql = [&, &name = alias](bool wide) {
                return engine.deserialise(
                    statement_text(key_query(view, name, "changed_" + stored, wide)));
            };
            result.push_back({stored, sql(false), sql(true)});
        } catch (const Problem& problem) {
            refuse_view(view.view, problem);
        }
    }
    return result;
}

void check_derivable(const BoundView& view, const Engine& engine) {
    for (const std::string& stored : view.reads) {
        derive(view, stored, engine);
    }
}

} // namespace cdc::views
