#include "views/collations.hpp"

#include "base/error.hpp"
#include "views/names.hpp"
#include "views/refused.hpp"
#include "views/trace.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::views {

namespace {

const Json& list_of(const Json& node, const char* property) {
    static const Json kNothing = Json::array();
    const auto found = node.is_object() ? node.find(property) : node.end();
    return found != node.end() && found->is_array() ? *found : kNothing;
}

/// Functions whose answer is one of their arguments, or a list of them.
constexpr std::array kPassing = std::to_array<std::string_view>(
    {"array_agg", "first_value", "lag", "last_value", "lead", "nth_value", "row"});
/// Functions that look for one argument in another, or compare all of them.
constexpr std::array kComparing = std::to_array<std::string_view>(
    {"~~", "!~~", "~~*", "!~~*", "greatest", "least", "max", "min", "nullif", "position", "replace",
     "split_part", "starts_with", "strpos"});

/// Constructs for which it counts which value is the greater one.
constexpr std::array kOrdering = std::to_array<std::string_view>(
    {"<", "<=", ">", ">=", "BETWEEN", "ORDER BY", "greatest", "least", "max", "min"});

/// As the view says it.
std::string_view shown(std::string_view name) {
    if (const std::string_view comparison = comparison_text(name); !comparison.empty()) {
        return comparison;
    }
    static constexpr std::array kShown =
        std::to_array<std::pair<std::string_view, std::string_view>>(
            {{"~~", "LIKE"}, {"!~~", "NOT LIKE"}, {"~~*", "ILIKE"}, {"!~~*", "NOT ILIKE"}});
    const auto* const found = std::find_if(kShown.begin(), kShown.end(),
                                           [&](const auto& entry) { return entry.first == name; });
    return found == kShown.end() ? name : found->second;
}

/// Every alias of a bound query is unique, so that one map serves all its SELECTs.
class Walk {
public:
    explicit Walk(const std::vector<Relation>& relations) : m_relations{relations} {}

    std::vector<Collation> of_query(const Json& node) {
        return is_type(node, "SET_OPERATION_NODE") ? of_set_operation(node) : of_select(node);
    }

private:
    std::vector<Collation> of_set_operation(const Json& node) {
        std::vector<Collation> columns = of_query(node["left"]);
        const std::vector<Collation> right = of_query(node["right"]);
        const std::string_view kind = text_of(node, "setop_type");
        const bool all = kind == "UNION" && node.value("setop_all", false);
        for (std::size_t i = 0; i < columns.size() && i < right.size(); ++i) {
            if (columns[i].empty()) {
                columns[i] = right[i];
            }
            columns[i].labels = false;
            if (!all) {
                refuse_if(columns[i], kind,
                          position_of(first_select(node["right"])["select_list"][i]));
            }
        }
        return columns;
    }

    std::vector<Collation> of_select(const Json& node) {
        of_from(node["from_table"]);
        for (const char* property : {"where_clause", "group_expressions", "having", "qualify",
                                     "modifiers", "select_list"}) {
            check(node[property]);
        }
        tell_apart(node["group_expressions"], "GROUP BY");
        for (const Json& modifier : node["modifiers"]) {
            of_modifier(modifier, node["select_list"]);
        }
        std::vector<Collation> columns;
        for (const Json& item : node["select_list"]) {
            columns.push_back(of(item));
        }
        return columns;
    }

    void of_modifier(const Json& modifier, const Json& items) {
        if (is_type(modifier, "DISTINCT_MODIFIER")) {
            const Json& targets = list_of(modifier, "distinct_on_targets");
            tell_apart(targets.empty() ? items : targets,
                       targets.empty() ? "DISTINCT" : "DISTINCT ON");
        }
        in_order(list_of(modifier, "orders"));
    }

    void of_from(const Json& node) {
        const std::string alias{text_of(node, "alias")};
        if (is_type(node, "BASE_TABLE")) {
            for (const Relation& relation : m_relations) {
                if (relation.stored == text_of(node, "table_name")) {
                    for (const Column& column : relation.columns) {
                        m_columns[{alias, column.name}] = column.collation;
                    }
                    if (!relation.key.empty()) {
                        m_keys[alias] = relation.key;
                    }
                }
            }
        } else if (is_type(node, "JOIN")) {
            of_from(node["left"]);
            of_from(node["right"]);
            check(node["condition"], position_of(node));
        } else if (is_type(node, "SUBQUERY")) {
            const Json& query = node["subquery"]["node"];
            std::vector<Collation> columns = of_query(query);
            const Json& names = first_select(query)["select_list"];
            for (std::size_t i = 0; i < columns.size(); ++i) {
                m_columns[{alias, std::string{text_of(names[i], "alias")}}] = std::move(columns[i]);
            }
        }
    }

    /// Expressions at any depth. `around`: where the construct stands that has no place of its own.
    void check(const Json& node, std::size_t around = kNoPosition) {
        if (node.is_object() && node.contains("class")) {
            m_position = position_of(node) == kNoPosition ? around : position_of(node);
            of_expression(node);
        }
        if (!node.is_structured() || is_class(node, "SUBQUERY")) {
            return;
        }
        for (const Json& child : node) {
            check(child, around);
        }
    }

    void of_expression(const Json& node) {
        const std::string_view kind = text_of(node, "class");
        if (kind == "COMPARISON") {
            compare({&node["left"], &node["right"]}, shown(text_of(node, "type")));
        } else if (kind == "BETWEEN") {
            compare({&node["input"], &node["lower"], &node["upper"]}, "BETWEEN");
        } else if (text_of(node, "type").starts_with("COMPARE_")) {
            compare_all(list_of(node, "children"), "IN");
        } else if (kind == "SUBQUERY") {
            of_subquery(node);
        } else if (kind == "FUNCTION" || kind == "WINDOW") {
            of_call(node);
        }
    }

    void of_subquery(const Json& node) {
        const std::size_t position = m_position;
        const std::vector<Collation> columns = of_query(node["subquery"]["node"]);
        if (!is_null(node, "child")) {
            check(node["child"]);
        }
        m_position = position;
        if (text_of(node, "subquery_type") == "ANY") {
            compare({&node["child"]}, "IN");
            refuse_if(columns.empty() ? Collation{} : columns.front(), "IN", position);
        }
    }

    void of_call(const Json& node) {
        const std::string_view name = text_of(node, "function_name");
        if (is_one_of(name, kComparing)) {
            compare_all(list_of(node, "children"), shown(name));
        } else if (node.value("distinct", false)) {
            tell_apart(list_of(node, "children"), fmt::format("{}(DISTINCT)", name));
        }
        tell_apart(list_of(node, "partitions"), "PARTITION BY");
        in_order(list_of(node, "orders"));
        in_order(list_of(node, "arg_orders"));
        if (const auto own = node.find("order_bys"); own != node.end()) {
            in_order(list_of(*own, "orders"));
        }
    }

    void compare(const std::vector<const Json*>& operands, std::string_view construct) {
        for (const Json* operand : operands) {
            refuse_if(of(*operand), construct, position_of(*operand));
        }
    }

    void compare_all(const Json& operands, std::string_view construct) {
        for (const Json& operand : operands) {
            refuse_if(of(operand), construct, position_of(operand));
        }
    }

    /// Of rows that these values tell apart. Labels of one enum are so by their bytes too, and what
    /// else a row has whose key is among the values tells it from no other.
    void tell_apart(const Json& values, std::string_view construct) {
        for (const Json& value : values) {
            const Collation collation = of(value);
            if (!collation.labels && !belongs_to_key(value, values)) {
                refuse_if(collation, construct, position_of(value));
            }
        }
    }

    bool belongs_to_key(const Json& value, const Json& values) {
        if (!is_class(value, "COLUMN_REF")) {
            return false;
        }
        const Json& alias = value["column_names"][0];
        const auto key = m_keys.find(alias.get_ref<const std::string&>());
        return key != m_keys.end() &&
               std::all_of(key->second.begin(), key->second.end(), [&](const std::string& part) {
                   return std::any_of(values.begin(), values.end(), [&](const Json& other) {
                       return is_class(other, "COLUMN_REF") &&
                              other["column_names"] == Json::array({alias, part}) &&
                              (of(other).empty() || of(other).kind != Collation::Kind::text);
                   });
               });
    }

    void in_order(const Json& orders) {
        for (const Json& order : orders) {
            refuse_if(of(order["expression"]), "ORDER BY", position_of(order["expression"]));
        }
    }

    void refuse_if(const Collation& collation, std::string_view construct, std::size_t position) {
        if (!collation.empty() &&
            (collation.kind != Collation::Kind::order || is_one_of(construct, kOrdering))) {
            refuse_collation(collation, construct, position == kNoPosition ? m_position : position);
        }
    }

    /// What a value is compared by: that of a column which it is.
    Collation of(const Json& node) {
        const std::string_view kind = text_of(node, "class");
        if (kind == "COLUMN_REF") {
            const Json& names = node["column_names"];
            const auto found =
                m_columns.find({names[0].get<std::string>(), names.back().get<std::string>()});
            return found == m_columns.end() ? Collation{} : found->second;
        }
        Collation found;
        const auto look_at = [&](const Json& child) {
            if (found.empty() && child.is_object()) {
                found = of(child);
                found.labels = false;
            }
        };
        if (kind == "CASE") {
            for (const Json& each : node["case_checks"]) {
                look_at(each["then_expr"]);
            }
            look_at(node.value("else_expr", Json{}));
        } else if (kind == "SUBQUERY" && text_of(node, "subquery_type") == "SCALAR") {
            const std::vector<Collation> columns = of_query(node["subquery"]["node"]);
            found = columns.empty() ? Collation{} : columns.front();
            found.labels = false;
        } else if (text_of(node, "type") == "OPERATOR_COALESCE" ||
                   is_one_of(text_of(node, "function_name"), kPassing)) {
            for (const Json& child : list_of(node, "children")) {
                look_at(child);
            }
            look_at(node.value("default_expr", Json{}));
        }
        return found;
    }

    const std::vector<Relation>& m_relations;
    std::map<std::pair<std::string, std::string>, Collation> m_columns; ///< by alias and name
    std::map<std::string, std::vector<std::string>> m_keys;             ///< of tables, by alias
    std::size_t m_position = kNoPosition; ///< of the expression in work
};

/// What the view can do: wrap the column, or say that its bytes count.
std::string way_out(const Collation& collation, std::string_view where) {
    const std::string name = collation.column.substr(collation.column.rfind('.') + 1);
    if (collation.kind != Collation::Kind::text) {
        return fmt::format(
            "{}; where its text is meant, {}::text{}, or TYPE {} text;",
            collation.name == "numeric"
                ? fmt::format("say its digits: TYPE {} decimal(38,9)", collation.column)
                : "the view has its text alone",
            name, where, collation.column);
    }
    return fmt::format(
        "the view compares bytes: wrap the column{}, as {}({}); or, if bytes are meant, "
        "TYPE {} text;",
        where, collation.padded ? "rtrim" : "lower", name, collation.column);
}

std::string shown(const Collation& collation) {
    if (collation.kind != Collation::Kind::text) {
        return fmt::format("column {}, which {} by its {} and the view by its text",
                           base::in_quotes(collation.column),
                           collation.kind == Collation::Kind::order ? "its source puts in order"
                                                                    : "its source compares",
                           collation.name);
    }
    return fmt::format("column {}, which its source compares by {}{}",
                       base::in_quotes(collation.column), collation.name,
                       collation.padded ? ", without the blanks at its end" : "");
}

/// A function or an operator whose answer is another text, or no text.
bool makes_another(const Json& node) {
    const std::string_view type = text_of(node, "type");
    const std::string_view name = text_of(node, "function_name");
    return is_class(node, "CAST") || type == "OPERATOR_IS_NULL" || type == "OPERATOR_IS_NOT_NULL" ||
           (is_class(node, "FUNCTION") && !is_one_of(name, kComparing) &&
            !is_one_of(name, kPassing) && !node.value("distinct", false));
}

void refuse_bare(const Json& node, const std::map<std::string, Collation>& columns) {
    const auto refuse = [&](const Collation& collation) {
        throw Problem{shown(collation) + ", in a FULL view whose columns cannot be followed",
                      way_out(collation, " wherever it stands"), position_of(node)};
    };
    if (node.is_object() && node.contains("from_table") &&
        is_type(node["from_table"], "EXPRESSION_LIST")) {
        return; // VALUES
    }
    if (is_class(node, "STAR") || text_of(node, "ref_type") == "NATURAL") {
        refuse(columns.begin()->second);
    }
    const auto look_at = [&](const Json& name) {
        const auto found = columns.find(folded(name.get_ref<const std::string&>()));
        if (found != columns.end()) {
            refuse(found->second);
        }
    };
    if (is_class(node, "COLUMN_REF")) {
        look_at(node["column_names"].back());
        return;
    }
    for (const Json& name : list_of(node, "using_columns")) {
        look_at(name);
    }
    if (!node.is_structured()) {
        return;
    }
    const bool another = makes_another(node);
    for (const Json& child : node) {
        if (another && child.is_array()) {
            for (const Json& operand : child) {
                if (!is_class(operand, "COLUMN_REF")) {
                    refuse_bare(operand, columns);
                }
            }
        } else if (!(another && is_class(child, "COLUMN_REF"))) {
            refuse_bare(child, columns);
        }
    }
}

/// The same of columns whose order alone is another one.
void refuse_ordered(const Json& query, const std::map<std::string, Collation>& columns) {
    any_of(query, [&](const Json& part) {
        const std::string_view name = text_of(part, "function_name");
        if (is_one_of(comparison_text(text_of(part, "type")), kOrdering) ||
            is_one_of(name, kOrdering) || is_class(part, "BETWEEN")) {
            for (const Json& child : part) {
                const Json operands = child.is_array() ? child : Json::array({child});
                for (const Json& operand : operands) {
                    if (is_class(operand, "COLUMN_REF")) {
                        refuse_bare(operand, columns);
                    }
                }
            }
        }
        for (const char* property : {"orders", "arg_orders"}) {
            for (const Json& order : list_of(part, property)) {
                refuse_bare(order, columns);
            }
        }
        return false;
    });
}

} // namespace

void refuse_collation(const Collation& collation, std::string_view construct,
                      std::size_t position) {
    throw Problem{fmt::format("{} on {}", construct, shown(collation)), way_out(collation, ""),
                  position};
}

std::vector<Collation> check_collations(const Json& query, const std::vector<Relation>& relations) {
    return Walk{relations}.of_query(query);
}

void check_collations_unbound(const Json& query, const std::vector<Relation>& relations) {
    std::map<std::string, Collation> columns; // by folded name
    std::map<std::string, Collation> ordered;
    any_of(query, [&](const Json& part) {
        for (const Relation& relation : relations) {
            if (is_type(part, "BASE_TABLE") && text_of(part, "table_name") == relation.stored) {
                for (const Column& column : relation.columns) {
                    if (column.collation.kind == Collation::Kind::order) {
                        ordered[folded(column.name)] = column.collation;
                    } else if (!column.collation.empty()) {
                        columns[folded(column.name)] = column.collation;
                    }
                }
            }
        }
        return false;
    });
    if (!columns.empty()) {
        refuse_bare(query, columns);
    }
    if (!ordered.empty()) {
        refuse_ordered(query, ordered);
    }
}

} // namespace cdc::views
