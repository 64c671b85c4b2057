#include "views/bind.hpp"

#include "views/binder.hpp"
#include "views/collations.hpp"
#include "views/constants.hpp"
#include "views/exact.hpp"
#include "views/refused.hpp"
#include "views/view_refusal.hpp"
#include "views/whole.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace cdc::views {

namespace {

/// The one statement of a view's text.
Json parse_select(const View& view, const Engine& engine) {
    Json tree;
    try {
        tree = Json::parse(engine.serialise(view.select));
    } catch (const base::Error& error) {
        refuse_view(view, {error.what(), "a view is one SELECT", kNoPosition});
    }
    if (tree.value("error", false)) {
        const std::string position = tree.value("position", std::string{});
        refuse_view(view, {tree.value("error_message", std::string{"not a SELECT"}),
                           "a view is one SELECT in DuckDB's SQL",
                           position.empty() ? kNoPosition : std::stoull(position)});
    }
    if (tree["statements"].size() != 1) {
        refuse_view(view, {"several statements", "write a CREATE VIEW for each", kNoPosition});
    }
    return std::move(tree["statements"][0]["node"]);
}

/// A FULL view with its names resolved, where the binder takes it.
std::optional<Json> bind_names(const View& view, const Json& parsed,
                               const std::vector<Relation>& relations) {
    try {
        return Binder{relations, view.written}.bind_query(parsed, {nullptr, nullptr, true});
    } catch (const Problem&) {
        return std::nullopt;
    }
}

/// By the names of the columns.
void set_traits(BoundView& view, const std::vector<NumberTraits>& traits) {
    for (std::size_t i = 0; i < traits.size(); ++i) {
        const Json& items = first_select(view.node)["select_list"];
        view.traits[std::string{text_of(items[i], "alias")}] = traits[i];
    }
}

/// A FULL view stays as it was parsed unless something in it must be rewritten. Then it is bound,
/// for the types of its columns, where that can be.
void make_whole_exact(BoundView& view, const std::optional<Json>& bound,
                      const std::vector<Relation>& relations, const Engine& engine) {
    if (!bound) {
        set_traits(view, make_exact(view.node, relations, engine, false));
        return;
    }
    BoundView exact{view.view, *bound, {}, {}, {}, {}, {}};
    set_traits(exact, make_exact(exact.node, relations, engine, true));
    view.traits = std::move(exact.traits);
    if (exact.node != *bound) {
        view.node = std::move(exact.node);
    }
}

/// What the columns of the query are compared by; KEY and PARTITION compare them.
void find_collations(BoundView& view, const Json& query, const std::vector<Relation>& relations) {
    const std::vector<Collation> found = check_collations(query, relations);
    const Json& items = first_select(query)["select_list"];
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::string name{text_of(items[i], "alias")};
        const std::vector<std::string>& compared = view.view.found_by();
        if (found[i].empty()) {
            continue;
        }
        if (!found[i].labels && found[i].kind == Collation::Kind::text &&
            std::find(compared.begin(), compared.end(), name) != compared.end()) {
            refuse_collation(found[i], view.view.has_key ? "KEY" : "PARTITION", kNoPosition);
        }
        view.collations.emplace(name, found[i]);
    }
}

void check_found_by(const BoundView& bound) {
    for (const std::string& name : bound.view.found_by()) {
        if (std::find(bound.columns.begin(), bound.columns.end(), name) == bound.columns.end()) {
            refuse_view(bound.view,
                        {fmt::format("{} is no column of the SELECT", base::in_quotes(name)),
                         fmt::format("its columns are {}", fmt::join(bound.columns, ", ")),
                         kNoPosition});
        }
    }
}

void check_names(const BoundView& bound) {
    std::vector<std::string> seen;
    const Json& items = first_select(bound.node)["select_list"];
    for (std::size_t i = 0; i < bound.columns.size(); ++i) {
        const std::string& name = bound.columns[i];
        if (name == fmt::format("column {}", i + 1)) {
            refuse_view(bound.view, {fmt::format("{} has no name", name), "write AS name",
                                     position_of(items[i])});
        }
        const auto same = [&](const std::string& other) {
            return same_name(other, name);
        };
        if (std::any_of(seen.begin(), seen.end(), same)) {
            refuse_view(bound.view, {fmt::format("two columns {}", base::in_quotes(name)),
                                     "give each a name of its own", position_of(items[i])});
        }
        seen.push_back(name);
    }
}

} // namespace

BoundView bind_view(const View& view, const std::vector<Relation>& relations,
                    const Engine& engine) {
    BoundView bound{view, {}, {}, {}, {}, {}, {}};
    bound.node = parse_select(view, engine);
    try {
        if (engine.describe) {
            check_text_casts(view);
        }
        if (view.full) {
            const Json parsed = bound.node;
            bound.reads = bind_whole(bound.node, relations);
            check_cases(bound.node, relations, bound.reads);
            const std::optional<Json> names = bind_names(view, parsed, relations);
            if (const std::optional<Problem> misread = misread_names(parsed, relations)) {
                if (!names) {
                    throw Problem{*misread};
                }
                bound.node = *names;
            }
            if (names) {
                find_collations(bound, *names, relations);
            } else {
                check_collations_unbound(bound.node, relations);
            }
            if (engine.describe) {
                make_whole_exact(bound, names, relations, engine);
            }
            return bound;
        }
        Binder binder{relations, view.written};
        binder.avoid_columns_of_subqueries(bound.node);
        bound.node = binder.bind_query(bound.node, {});
        bound.sources = binder.sources();
        bound.reads = binder.reads();
        check_cases(bound.node, relations, bound.reads);
        find_collations(bound, bound.node, relations);
        if (engine.describe) {
            set_traits(bound, make_exact(bound.node, relations, engine, true));
        }
    } catch (const Problem& problem) {
        refuse_view(view, problem);
    }
    for (const Json& item : first_select(bound.node)["select_list"]) {
        bound.columns.emplace_back(text_of(item, "alias"));
    }
    check_names(bound);
    check_found_by(bound);
    return bound;
}

void check_alone(const View& view, const Engine& engine) {
    try {
        check_text_casts(view);
        const Json node = parse_select(view, engine);
        check_parts(node, view.full);
        check_constants_alone(node, engine);
    } catch (const Problem& problem) {
        refuse_view(view, problem);
    }
}

std::string select_text(const BoundView& view, const Engine& engine) {
    return engine.deserialise(statement_text(view.node));
}

} // namespace cdc::views
