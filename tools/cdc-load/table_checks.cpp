#include "cdc-load/table_checks.hpp"

#include "base/error.hpp"

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;

void check_owner(const TableLoader& table, const clickhouse::TableState& state) {
    const clickhouse::Target& target = table.target();
    if (state.source.empty()) {
        return;
    }
    if (state.source != clickhouse::source_json(table.source())) {
        throw Error{ExitCode::refused,
                    fmt::format("the target's table {} belongs to the source table {}, not to {}",
                                in_quotes(target.name), state.source,
                                clickhouse::source_json(table.source())),
                    "Tell them apart with --table-name '{schema}_{table}'."};
    }
    if (const std::string layout = clickhouse::layout_json(target); state.layout != layout) {
        const auto shown = [](const std::string& json) {
            return json.empty() ? "the default mode and names" : json;
        };
        throw Error{ExitCode::refused,
                    fmt::format("the target's table {} was made with {}, not with {}",
                                in_quotes(target.name), shown(state.layout), shown(layout)),
                    "Give the options of --mode and of names as they were, or another "
                    "--table-name."};
    }
}

void check_engine(const FoundTable& found, const std::string& name, std::string_view wanted) {
    // A view of another kind holds rows of its own.
    const bool right =
        wanted == "View" ? found.engine == wanted : found.engine.find(wanted) != std::string::npos;
    if (found.exists && !right) {
        throw Error{
            ExitCode::refused,
            fmt::format("the target already has {} with engine {}", in_quotes(name), found.engine),
            "Choose other names with --table-name, for example '{schema}_{table}'."};
    }
}

void check_arguments(const FoundTable& found, const clickhouse::Target& target,
                     const clickhouse::TargetShape& shape) {
    if (!shape.keyed() || shape.history) {
        return;
    }
    const std::string wanted = target.own().version + ", " + target.own().deleted;
    std::string text = found.engine_full.substr(0, found.engine_full.find(" ORDER BY"));
    std::erase(text, '`');
    if (text.find(wanted + ")") == std::string::npos &&
        wanted.find_first_of("`\\") == std::string::npos) {
        throw Error{ExitCode::refused,
                    fmt::format("the target already has {} with engine {}, without ({})",
                                in_quotes(target.stored), text, wanted),
                    "Drop it, or make it as --dry-run prints it, and load a snapshot of the "
                    "table."};
    }
}

} // namespace cdc::load
