#include "cdc-load/stored_types.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace cdc::load {

using clickhouse::ExistingColumn;
using clickhouse::parse_type;

namespace {

constexpr const char* kComment = "comment";
constexpr const char* kColumns = "columns";

/// Whether every value of the column is what it was: a text of the engine is not always the
/// loader's (12.5 for 12.50, a blank for the T of a time).
bool keeps_values(clickhouse::TargetColumn column, const std::string& before,
                  const std::string& now) {
    const auto from = parse_type(before);
    const auto to = parse_type(now);
    return from && to ? widens(*from, *to) : keep_wider_type(column, now);
}

} // namespace

std::string stored_types_json(std::string_view comment, const clickhouse::TargetShape& shape,
                              const std::vector<ExistingColumn>& existing,
                              const clickhouse::Layout& layout) {
    nlohmann::json columns = nlohmann::json::object();
    for (const ExistingColumn& column : existing) {
        if (!layout.is_own(column.name)) {
            columns[column.name] = column.type;
        }
    }
    for (const clickhouse::TargetColumn& column : shape.columns) {
        columns[column.stored] = type_text(column.mapping.type);
    }
    return nlohmann::json{{kComment, comment}, {kColumns, columns}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string altered_column(const clickhouse::TableState& state, std::string_view comment,
                           clickhouse::TargetShape shape,
                           const std::vector<ExistingColumn>& existing,
                           const clickhouse::Layout& layout) {
    nlohmann::json before = nlohmann::json::object();
    if (!state.types.empty()) {
        const nlohmann::json kept = nlohmann::json::parse(state.types);
        if (kept.at(kComment) == comment) {
            before = kept.at(kColumns);
        }
    }
    take_stored_names(shape, existing, layout);
    for (clickhouse::TargetColumn& column : shape.columns) {
        const auto found = std::find_if(existing.begin(), existing.end(), [&](const auto& other) {
            return other.name == column.stored;
        });
        if (found == existing.end()) {
            continue;
        }
        const auto known = before.find(column.stored);
        const bool kept = known == before.end()
                              ? keep_wider_type(column, found->type)
                              : *known == found->type || keeps_values(column, *known, found->type);
        if (!kept) {
            return fmt::format("column {} was altered to {} in the target",
                               base::in_quotes(column.name), found->type);
        }
    }
    return {};
}

} // namespace cdc::load
