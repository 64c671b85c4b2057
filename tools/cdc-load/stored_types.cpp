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

/// Whether the column was there when the loader last looked, as far as is known.
bool was_stored(const clickhouse::TableState& state, const std::string& column) {
    return state.types.empty() || nlohmann::json::parse(state.types).at(kColumns).contains(column);
}

/// Whether a loader that was killed before it remembered the column, or another one just now, may
/// have made `existing` for `wanted`.
bool is_as_made(const ExistingColumn& existing, const clickhouse::TargetColumn& wanted) {
    const bool has_default = !wanted.default_json.empty() && wanted.default_json != "null";
    return existing.type == type_text(wanted.mapping.type) &&
           existing.default_kind == (has_default ? "DEFAULT" : "");
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

std::string column_that_came_back(const SourceShape& from, const clickhouse::TableState& state,
                                  const std::vector<ExistingColumn>& existing,
                                  const clickhouse::TargetShape& shape) {
    const bool made_anew = state.shape_order < state.remade; // for this shape, with its columns
    if (state.shape.empty() || from.order < state.shape_order || made_anew) {
        return {};
    }
    const event::Table before = event::parse_table(state.shape);
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        const event::Column& column = from.described.columns[i];
        const auto found = std::find_if(existing.begin(), existing.end(), [&](const auto& old) {
            return old.name == shape.columns[i].stored;
        });
        const bool was_there =
            std::any_of(before.columns.begin(), before.columns.end(),
                        [&](const event::Column& old) { return old.name == column.name; });
        if (found == existing.end() || was_there) {
            continue;
        }
        const bool kept = column.number == 0 &&
                          (was_stored(state, found->name) || !is_as_made(*found, shape.columns[i]));
        if (kept || state.left.contains(column.name)) {
            return column.name;
        }
    }
    return {};
}

} // namespace cdc::load
