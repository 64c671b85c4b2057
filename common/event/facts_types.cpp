#include "event/facts_types.hpp"

#include "base/error.hpp"
#include "event/facts_change.hpp"

#include <algorithm>

namespace cdc::event {

using base::in_quotes;

namespace {

constexpr int kDeepest = 16;

/// Whether `type` is `wanted`, or made of it.
bool is_made_of(const Facts& facts, std::uint32_t type, std::uint32_t wanted, int depth = 0) {
    if (type == wanted) {
        return true;
    }
    const TypeFacts* made =
        find_in(facts.types, [&](const TypeFacts& other) { return other.oid == type; });
    if (made == nullptr || depth >= kDeepest) {
        return false;
    }
    return (made->base != 0 && is_made_of(facts, made->base, wanted, depth + 1)) ||
           std::any_of(made->attributes.begin(), made->attributes.end(),
                       [&](const AttributeFact& attribute) {
                           return is_made_of(facts, attribute.type, wanted, depth + 1);
                       });
}

/// "column 'm'": the first one that holds values of the type.
std::string column_of(const Facts& facts, std::uint32_t type) {
    const ColumnFact* column = find_in(facts.columns, [&](const ColumnFact& candidate) {
        return is_made_of(facts, candidate.type_id, type);
    });
    return column == nullptr ? "a column" : "column " + in_quotes(column->name);
}

bool same_attributes(const TypeFacts& a, const TypeFacts& b) {
    return std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(),
                      b.attributes.end(), [](const AttributeFact& x, const AttributeFact& y) {
                          return x.number == y.number && x.type == y.type;
                      });
}

/// What was done to a type while rows with values of it were there. `later`: whether a row of the
/// catalog is younger than those rows may be; `existed`: whether a label was there before.
/// A new label and another name for an attribute change no value.
template<typename Later, typename Existed>
std::string of_later_type(const Facts& facts, const TypeFacts& type, Later later, Existed existed) {
    for (const LabelFact& label : type.labels) {
        if (later(label.xmin, label.command) && existed(label)) {
            return fmt::format("label {} of {} may have been renamed", in_quotes(label.label),
                               column_of(facts, type.oid));
        }
    }
    int untouched = 0;
    for (const AttributeFact& attribute : type.attributes) {
        if (!later(attribute.xmin, attribute.command)) {
            untouched = std::max(untouched, attribute.number);
        }
    }
    for (const AttributeFact& attribute : type.attributes) {
        if (later(attribute.xmin, attribute.command) &&
            (attribute.type == 0 || attribute.number > untouched)) {
            return "the attributes of the type of " + column_of(facts, type.oid) +
                   " may have been changed";
        }
    }
    return {};
}

} // namespace

std::string change_of_types(const Facts& before, const Facts& after) {
    for (const TypeFacts& now : after.types) {
        const TypeFacts* then =
            find_in(before.types, [&](const TypeFacts& type) { return type.oid == now.oid; });
        if (then == nullptr) {
            continue;
        }
        for (const LabelFact& label : now.labels) {
            const LabelFact* was = find_in(
                then->labels, [&](const LabelFact& other) { return other.oid == label.oid; });
            if (was != nullptr && (was->label != label.label || was->xmin != label.xmin)) {
                return fmt::format("label {} of {} was renamed", in_quotes(was->label),
                                   column_of(after, now.oid));
            }
        }
        if (!same_attributes(*then, now)) {
            return "the attributes of the type of " + column_of(after, now.oid) + " were changed";
        }
        if (then->base != now.base || then->modifier != now.modifier || then->kind != now.kind) {
            return "the type of " + column_of(after, now.oid) + " was changed";
        }
    }
    return {};
}

std::string altered_types(const Facts& facts) {
    const LeafFacts* root = find_leaf(facts, facts.oid);
    if (root == nullptr) {
        return {};
    }
    const auto later = [&](const std::string& xmin, std::uint32_t command) {
        return same_transaction(xmin, root->birth) ? command > root->command
                                                   : precedes(root->birth, xmin);
    };
    const auto existed = [&](const LabelFact& label) {
        return is_older(label.oid, facts.oid);
    };
    for (const TypeFacts& type : facts.types) {
        if (std::string why = of_later_type(facts, type, later, existed); !why.empty()) {
            return why;
        }
    }
    return {};
}

std::string change_of_new_types(const Facts& before, const Facts& after) {
    std::uint32_t newest = before.oid;
    const auto note = [&newest](std::uint32_t oid) {
        newest = is_older(newest, oid) ? oid : newest;
    };
    for (const LeafFacts& leaf : before.leaves) {
        note(leaf.oid);
    }
    for (const TypeFacts& type : before.types) {
        note(type.oid);
    }
    for (const TypeFacts& type : after.types) {
        if (find_in(before.types, [&](const TypeFacts& other) { return other.oid == type.oid; }) !=
            nullptr) {
            continue;
        }
        const auto later = [&](const std::string& xmin, std::uint32_t /*command*/) {
            return !precedes(xmin, before.xid) && precedes(type.born, xmin);
        };
        const auto existed = [&](const LabelFact& label) {
            return is_older(label.oid, newest) ||
                   std::any_of(type.labels.begin(), type.labels.end(), [&](const LabelFact& other) {
                       return is_older(label.oid, other.oid) && !later(other.xmin, other.command);
                   });
        };
        if (std::string why = of_later_type(after, type, later, existed); !why.empty()) {
            return why;
        }
    }
    return {};
}

} // namespace cdc::event
