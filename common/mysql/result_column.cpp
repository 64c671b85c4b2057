#include "mysql/result_column.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::mysql {

namespace {

using base::ExitCode;
using base::fail;
using base::in_quotes;

constexpr std::pair<std::string_view, ValueKind> kKinds[] = {
    {"tinyint", ValueKind::integer},
    {"smallint", ValueKind::integer},
    {"mediumint", ValueKind::integer},
    {"int", ValueKind::integer},
    {"bigint", ValueKind::integer},
    {"year", ValueKind::year},
    {"bit", ValueKind::bit},
    {"float", ValueKind::float32},
    {"double", ValueKind::float64},
    {"decimal", ValueKind::decimal},
    {"date", ValueKind::date},
    {"time", ValueKind::time},
    {"datetime", ValueKind::datetime},
    {"timestamp", ValueKind::timestamp},
    {"binary", ValueKind::bytes},
    {"varbinary", ValueKind::bytes},
    {"tinyblob", ValueKind::bytes},
    {"blob", ValueKind::bytes},
    {"mediumblob", ValueKind::bytes},
    {"longblob", ValueKind::bytes},
    {"geometry", ValueKind::bytes},
    {"point", ValueKind::bytes},
    {"linestring", ValueKind::bytes},
    {"polygon", ValueKind::bytes},
    {"multipoint", ValueKind::bytes},
    {"multilinestring", ValueKind::bytes},
    {"multipolygon", ValueKind::bytes},
    {"geomcollection", ValueKind::bytes},
    {"geometrycollection", ValueKind::bytes},
    {"enum", ValueKind::enumeration},
    {"set", ValueKind::set},
    {"json", ValueKind::json},
    {"vector", ValueKind::vector},
    {"uuid", ValueKind::uuid},
    {"inet4", ValueKind::inet4},
    {"inet6", ValueKind::inet6},
};

std::string_view name_of(std::string_view type) {
    return type.substr(0, type.find_first_of("( "));
}

/// What stands in the first parentheses; "": there are none.
std::string_view arguments_of(std::string_view type) {
    const std::size_t open = name_of(type).size();
    return open < type.size() && type[open] == '('
               ? type.substr(open + 1, type.find(')', open) - open - 1)
               : std::string_view{};
}

int number(std::string_view text) {
    return base::parse_integer<int>(text).value_or(0);
}

/// The labels of "enum('a','it''s')": a quote is doubled, some characters stand behind a backslash.
std::vector<std::string> labels_of(std::string_view type) {
    std::vector<std::string> labels;
    std::size_t at = type.find('\'');
    while (at < type.size() && type[at] == '\'') {
        std::string label;
        for (++at;; ++at) {
            if (at >= type.size()) {
                fail(ExitCode::bad_data, "the labels of {} do not end", in_quotes(type));
            }
            if (type[at] == '\'' && (at + 1 >= type.size() || type[at + 1] != '\'')) {
                break;
            }
            if (type[at] == '\\' && at + 1 < type.size()) {
                ++at;
                label += type[at] == 'n'   ? '\n'
                         : type[at] == 'r' ? '\r'
                         : type[at] == '0' ? '\0'
                                           : type[at];
                continue;
            }
            at += type[at] == '\'' ? 1 : 0;
            label += type[at];
        }
        labels.push_back(std::move(label));
        ++at;
        at += at < type.size() && type[at] == ',' ? 1 : 0;
    }
    return labels;
}

} // namespace

ValueCodec result_codec(std::string_view column_type) {
    const std::string_view name = name_of(column_type);
    ValueCodec codec;
    const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                     [name](const auto& kind) { return kind.first == name; });
    codec.kind = found == std::end(kKinds) ? ValueKind::text : found->second;
    switch (codec.kind) {
    case ValueKind::integer:
    case ValueKind::float32:
    case ValueKind::float64:
    case ValueKind::decimal:
        codec.is_unsigned = column_type.find(" unsigned") != std::string_view::npos;
        break;
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
        codec.scale = static_cast<std::uint8_t>(number(arguments_of(column_type)));
        break;
    default:
        break;
    }
    return codec;
}

ColumnPlan plan_result_column(const std::string& name, std::string_view column_type,
                              bool nullable) {
    ColumnPlan plan;
    plan.codec = result_codec(column_type);
    plan.shape.name = name;
    plan.shape.nullable = nullable;
    const std::string_view base = name_of(column_type);
    const std::string_view arguments = arguments_of(column_type);
    const auto with_arguments = [&] {
        return arguments.empty() ? std::string{base} : fmt::format("{}({})", base, arguments);
    };
    plan.shape.type = base;
    switch (plan.codec.kind) {
    case ValueKind::integer:
    case ValueKind::float32:
    case ValueKind::float64:
        plan.shape.type += plan.codec.is_unsigned ? " unsigned" : "";
        break;
    case ValueKind::decimal: {
        const std::size_t comma = arguments.find(',');
        plan.shape.precision = number(arguments.substr(0, comma));
        plan.shape.scale =
            comma == std::string_view::npos ? 0 : number(arguments.substr(comma + 1));
        plan.shape.type = fmt::format("decimal({},{}){}", *plan.shape.precision, *plan.shape.scale,
                                      plan.codec.is_unsigned ? " unsigned" : "");
        break;
    }
    case ValueKind::enumeration:
    case ValueKind::set:
        plan.shape.labels = labels_of(column_type);
        break;
    case ValueKind::vector:
        plan.shape.type = with_arguments();
        plan.shape.element = "float";
        break;
    case ValueKind::bytes:
        plan.shape.type = base.ends_with("blob")         ? std::string{base}
                          : base == "geometrycollection" ? "geomcollection"
                                                         : with_arguments();
        break;
    case ValueKind::text:
        plan.shape.type = base.ends_with("text") ? std::string{base} : with_arguments();
        break;
    case ValueKind::bit:
        plan.shape.type = with_arguments();
        break;
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::timestamp:
        plan.shape.type =
            plan.codec.scale == 0 ? std::string{base} : fmt::format("{}({})", base, arguments);
        break;
    default:
        break;
    }
    return plan;
}

} // namespace cdc::mysql
