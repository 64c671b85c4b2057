#include "clickhouse/default_value.hpp"

#include "base/error.hpp"
#include "clickhouse/row_format.hpp"

namespace cdc::clickhouse {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

/// What is wrong with the default; nullptr: nothing.
const char* misfit(const TargetColumn& column) {
    const std::string& json = column.default_json;
    if (json.empty() || json == "null") {
        return nullptr;
    }
    std::string room(max_value_size(column.mapping.type, json.size()), '\0');
    char* at = room.data();
    return append_value(at, column.mapping, json);
}

} // namespace

void forget_default(TargetColumn& column) {
    column.default_json.clear();
    column.mapping.type.nullable = true;
}

DefaultFit fit_default(TargetColumn& column, bool in_key, const ValuePolicy& policy,
                       ValueCounts& counts) {
    const char* wrong = misfit(column);
    if (wrong == nullptr) {
        return DefaultFit::as_it_is;
    }
    const std::string_view option = policy_option(column.mapping, column.default_json);
    const auto instead =
        in_key ? std::nullopt : json_by_policy(column.mapping, column.default_json, policy, counts);
    if (instead) {
        column.default_json = *instead;
        return DefaultFit::by_policy;
    }
    if (option.empty() && !in_key) {
        forget_default(column);
        return DefaultFit::unknown;
    }
    throw Error{
        ExitCode::bad_data,
        fmt::format("column {} ({}): {}, the value of its older rows, {}", in_quotes(column.name),
                    type_text(column.mapping.type), in_quotes(column.default_json, 60), wrong),
        in_key ? "Load a new snapshot of the table with --rebuild."
               : fmt::format("Say what becomes of such values: {} null, or clamp.", option)};
}

void leave_out_misfit(TargetColumn& column) {
    if (misfit(column) != nullptr) {
        column.default_json.clear();
    }
}

} // namespace cdc::clickhouse
