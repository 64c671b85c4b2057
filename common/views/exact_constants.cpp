// Text constants beside values of other types, which PostgreSQL reads by its own rules.
#include "base/error.hpp"
#include "views/exact_rules.hpp"
#include "views/number_types.hpp"
#include "views/refused.hpp"

#include <algorithm>
#include <utility>

namespace cdc::views {

namespace {

constexpr const char* kTimeForms =
    "write 2024-01-31, 10:20:30.123456, or 2024-01-31 10:20:30.123456+00";

bool is_text_constant(const Json& node) {
    return is_class(node, "CONSTANT") && text_of(node["value"]["type"], "id") == "VARCHAR" &&
           !node["value"].value("is_null", false);
}

bool has_moment(std::string_view type) {
    return moment_kind(type).has_value();
}

const char* reader_of(duckdb::MomentKind kind) {
    switch (kind) {
    case duckdb::MomentKind::date:
        return "cdc_date_of_text";
    case duckdb::MomentKind::time:
        return "cdc_time_of_text";
    case duckdb::MomentKind::time_of_zone:
        return "cdc_time_tz_of_text";
    case duckdb::MomentKind::timestamp:
        return "cdc_timestamp_of_text";
    case duckdb::MomentKind::timestamp_of_zone:
        break;
    }
    return "cdc_timestamp_tz_of_text";
}

/// The type that PostgreSQL gives to a constant beside these: "" where it follows from none.
std::string type_beside(const std::vector<std::string>& types) {
    if (std::all_of(types.begin(), types.end(),
                    [&](const std::string& type) { return type == types.front(); })) {
        return types.front();
    }
    if (std::all_of(types.begin(), types.end(), has_moment)) {
        return std::any_of(types.begin(), types.end(),
                           [](const std::string& type) {
                               return moment_kind(type) == duckdb::MomentKind::timestamp_of_zone;
                           })
                   ? "TIMESTAMP WITH TIME ZONE"
                   : "TIMESTAMP";
    }
    if (!std::all_of(types.begin(), types.end(), is_number)) {
        return "";
    }
    if (std::any_of(types.begin(), types.end(), is_float)) {
        return "a float";
    }
    return std::any_of(types.begin(), types.end(), is_decimal) ? "DECIMAL" : "BIGINT";
}

} // namespace

/// Of an operator.
void Exact::read_operands(Json& node) {
    Json& children = node["children"];
    if (children.size() != 2 || is_text_constant(children[0]) == is_text_constant(children[1])) {
        return;
    }
    const std::size_t constant = is_text_constant(children[0]) ? 0 : 1;
    const std::string type = m_types.of(children[1 - constant]);
    if (is_number(type) || type == "INTERVAL" || type == "BLOB") {
        read_constant(children[constant], type);
        if (is_text_constant(children[constant]) && is_number(type)) {
            children[constant] = m_types.make_cast(std::move(children[constant]), type);
        }
    } else if (has_moment(type) && text_of(node, "function_name") == "+") {
        read_interval(children[constant]);
    }
}

void Exact::read_item(Json& item, std::string& type, const std::string& other) {
    if (!is_text_constant(item) || other.empty() || other == type) {
        return;
    }
    const std::string alias{text_of(item, "alias")};
    read_constant(item, other);
    if (is_text_constant(item)) {
        item = m_types.make_cast(std::move(item), other);
    }
    item["alias"] = alias;
    type = m_types.of(item);
}

void Exact::cast_constant(Json& node) {
    Json& child = node["child"];
    const std::string to{text_of(node["cast_type"], "id")};
    if (has_moment(to) && !is_text_constant(child) && m_types.of(child) == "VARCHAR") {
        child = make_call(reader_of(*moment_kind(to)), {std::move(child)});
    } else if (to == "INTERVAL" || to == "BOOLEAN" || is_integer(to) || has_moment(to)) {
        read_constant(child, to);
    } else if (to == "BLOB") {
        if (is_text_constant(child)) {
            read_constant(child, to);
            child = Json(child["child"]);
        } else if (m_types.of(child) == "VARCHAR") {
            refuse(node, "a cast of text to bytea",
                   "PostgreSQL reads hex or escapes in it: let the table's column be bytea");
        }
    }
}

void Exact::read_constants(const std::vector<Json*>& operands) {
    std::vector<std::string> types;
    bool any = false;
    for (const Json* operand : operands) {
        if (is_text_constant(*operand)) {
            any = true;
        } else if (!is_null_constant(*operand)) {
            types.push_back(m_types.of(*operand));
        }
    }
    if (!any || types.empty()) {
        return;
    }
    if (std::find(types.begin(), types.end(), "") != types.end()) {
        check_unknown(operands);
    }
    const std::string type = type_beside(types);
    for (Json* operand : operands) {
        if (is_text_constant(*operand)) {
            read_constant(*operand, type);
        }
    }
}

/// What stands beside them may be a decimal, whose scale the engine rounds them to.
void Exact::check_unknown(const std::vector<Json*>& operands) const {
    for (const Json* operand : operands) {
        const std::string_view text =
            is_text_constant(*operand) ? text_of((*operand)["value"], "value") : "";
        if (m_bytes && text.find('\\') != std::string_view::npos) {
            refuse(*operand,
                   fmt::format("{} beside an operand whose type is not known here",
                               base::in_quotes(text)),
                   "write bytes with ::bytea, a text with ::text");
        }
        if (m_decimals && text.find('.') != std::string_view::npos && decimal_of_text(text)) {
            refuse(*operand,
                   fmt::format("{} beside an operand whose type is not known here",
                               base::in_quotes(text)),
                   "write a number without quotes, a text with ::text");
        }
    }
}

void Exact::read_constant(Json& node, const std::string& type) {
    if (!is_text_constant(node)) {
        return;
    }
    const std::string text{text_of(node["value"], "value")};
    const auto no_value = [&](const char* advice) {
        refuse(node, fmt::format("{} beside a value of type {}", base::in_quotes(text), type),
               advice);
    };
    if (type == "a float") {
        no_value("write the number without quotes");
    } else if (is_integer(type)) {
        if (!is_whole_text(text)) {
            no_value("PostgreSQL reads an integer: write the number without quotes");
        }
    } else if (is_decimal(type)) {
        const std::optional<std::string> own = decimal_of_text(text);
        if (!own) {
            no_value("write the number without quotes, with at most 38 digits");
        }
        node = m_types.make_cast(std::move(node), *own);
    } else if (is_float(type)) {
        if (!is_float_text(text)) {
            no_value("it is no number");
        }
    } else if (type == "BOOLEAN") {
        const std::optional<bool> flag = flag_of_text(text);
        if (!flag) {
            no_value("write true or false");
        }
        node["value"]["value"] = *flag ? "true" : "false";
    } else if (type == "BLOB") {
        const std::optional<std::string> bytes = bytes_of_text(text);
        if (!bytes) {
            no_value("write the bytes in hex, '\\x4142'");
        }
        node["value"]["value"] = *bytes;
        node = make_cast(std::move(node), "BLOB");
    } else if (type == "INTERVAL") {
        read_interval(node);
    } else if (const auto kind = moment_kind(type)) {
        std::string engines;
        if (duckdb::append_moment_text(engines, text, *kind) != duckdb::MomentProblem::none) {
            no_value(kTimeForms);
        }
        node["value"]["value"] = engines;
    }
}

/// The engine takes equal constants of one statement for one, and a month for 30 days.
void Exact::read_interval(const Json& node) {
    const std::string_view text = text_of(node["value"], "value");
    const std::optional<IntervalValue> value = interval_of_text(text);
    if (!value) {
        refuse(node, fmt::format("the interval {}", base::in_quotes(text)),
               "write it as '1 year 2 months 3 days 04:05:06.789'");
    }
    for (const IntervalValue& other : m_intervals) {
        if (other != *value && compare_equal(other, *value)) {
            refuse(node,
                   fmt::format("the interval {} beside another that compares equal",
                               base::in_quotes(text)),
                   "the engine takes both for one, such as 1 month for 30 days: write them alike, "
                   "or make one a view of its own");
        }
    }
    m_intervals.push_back(*value);
}

} // namespace cdc::views
