#include "cdc-load/table_checks.hpp"

#include "base/error.hpp"
#include "clickhouse/identifier.hpp"

#include <algorithm>

namespace cdc::load {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr const char* kMakeIt =
    "Drop it, or make it as --dry-run prints it, and load a snapshot of the table.";

} // namespace

const event::DecodedLine& check_order(const event::DecodedLine& line) {
    if (line.kind == event::LineKind::change && line.op != 'm' &&
        line.source.order == event::Order{}) {
        base::fail(ExitCode::bad_data, "change without source.order");
    }
    return line;
}

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

void check_unmoved(clickhouse::Transport& transport, const clickhouse::Target& target,
                   const clickhouse::TableState& before, const FoundTable& found) {
    const clickhouse::TableState now = clickhouse::read_table_state(transport, target.name);
    if (now.source != before.source || now.shape != before.shape ||
        now.shape_order != before.shape_order || now.types != before.types ||
        now.remade != before.remade || now.rebuild != before.rebuild ||
        find_table(transport, target.stored).place != found.place) {
        throw SetUpMeanwhile{
            ExitCode::failed,
            fmt::format("other loaders set {} up at the same time", in_quotes(target.name)),
            "Start again: the table is looked at anew."};
    }
}

void check_not_detached(clickhouse::Transport& transport, const std::string& name) {
    std::string answer;
    try {
        answer = transport.query(fmt::format("SELECT count() FROM system.detached_tables WHERE "
                                             "database = currentDatabase() AND table = {}",
                                             clickhouse::quote_string(name)),
                                 "TabSeparated");
    } catch (const clickhouse::ServerError& error) {
        if (error.transient()) {
            throw;
        }
        return; // an older server, or one that does not let us look
    }
    if (!answer.empty() && answer[0] != '0') {
        throw Error{ExitCode::refused,
                    fmt::format("{} was detached in the target", in_quotes(name)),
                    fmt::format("ATTACH TABLE {}", clickhouse::quote_identifier(name))};
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
                    kMakeIt};
    }
}

void check_own_columns(const std::vector<clickhouse::ExistingColumn>& existing,
                       const clickhouse::Target& target, const clickhouse::TargetShape& shape) {
    for (const clickhouse::RowColumn& wanted : clickhouse::row_columns(target, shape)) {
        const auto found = std::find_if(existing.begin(), existing.end(), [&](const auto& column) {
            return column.name == wanted.name;
        });
        if (!wanted.own || (found != existing.end() && found->type == wanted.type)) {
            continue;
        }
        throw Error{ExitCode::refused,
                    found == existing.end()
                        ? fmt::format("the target already has {}, without a column {}",
                                      in_quotes(target.stored), in_quotes(wanted.name))
                        : fmt::format("the target already has {}, whose column {} is {} and not {}",
                                      in_quotes(target.stored), in_quotes(wanted.name), found->type,
                                      wanted.type),
                    kMakeIt};
    }
}

void check_takes_values(const std::vector<clickhouse::ExistingColumn>& existing,
                        const clickhouse::Target& target, const clickhouse::TargetShape& shape) {
    for (const auto& wanted : clickhouse::row_columns(target, shape)) {
        for (const clickhouse::ExistingColumn& column : existing) {
            if (column.name != wanted.name || !(column.ephemeral() || column.computed())) {
                continue;
            }
            const std::string name = clickhouse::quote_identifier(column.name);
            throw Error{
                ExitCode::refused,
                fmt::format("column {} of {} was made {} in the target, which keeps no value of "
                            "the source",
                            in_quotes(column.name), in_quotes(target.stored), column.default_kind),
                column.default_kind == "MATERIALIZED"
                    ? fmt::format("ALTER TABLE {} MODIFY COLUMN {} REMOVE MATERIALIZED",
                                  clickhouse::quote_identifier(target.stored), name)
                    : fmt::format("ALTER TABLE {} DROP COLUMN {}; it is made again, and the "
                                  "table is stale until it is read again.",
                                  clickhouse::quote_identifier(target.stored), name)};
        }
    }
}

} // namespace cdc::load
