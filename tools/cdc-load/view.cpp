#include "cdc-load/view.hpp"

#include "cdc-load/catalog.hpp"
#include "cdc-load/exchange.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/remake.hpp"
#include "clickhouse/stored_name.hpp"

#include <algorithm>

namespace cdc::load {

using clickhouse::ExistingColumn;
using clickhouse::quote_identifier;
using clickhouse::ServerError;
using clickhouse::Target;
using clickhouse::Transport;

namespace {

constexpr int kNoSuchTable = 60;
constexpr int kViewTries = 5;

/// Where the new view is made: a name that no table of the source has.
Target view_beside(const Target& target) {
    Target side = target;
    side.view = clickhouse::remake_name(target.view, {});
    return side;
}

void drop_view(Transport& transport, const Target& side) {
    execute(transport, fmt::format("DROP VIEW IF EXISTS {}{}", quote_identifier(side.view),
                                   side.own().on_cluster()));
}

/// What tells two views apart.
struct ViewText {
    std::string select;
    std::vector<ExistingColumn> columns;
    bool operator==(const ViewText& other) const {
        return select == other.select &&
               std::equal(columns.begin(), columns.end(), other.columns.begin(),
                          other.columns.end(), [](const auto& a, const auto& b) {
                              return a.name == b.name && a.type == b.type;
                          });
    }
};

ViewText view_text(Transport& transport, const std::string& name) {
    return {find_table(transport, name).as_select, find_columns(transport, name)};
}

/// False: the target's database cannot exchange.
bool exchange_views(Transport& transport, const Target& target, const Target& side) {
    const ViewText wanted = view_text(transport, side.view);
    try {
        return exchange(transport,
                        fmt::format("EXCHANGE TABLES {} AND {}{}", quote_identifier(target.view),
                                    quote_identifier(side.view), target.own().on_cluster()),
                        [&] { return view_text(transport, target.view) == wanted; });
    } catch (const ServerError& error) {
        if (error.server_code() != kCannotExchange) {
            throw;
        }
        return false;
    }
}

std::vector<std::string> names_of(const std::vector<ExistingColumn>& columns) {
    std::vector<std::string> names;
    for (const ExistingColumn& column : columns) {
        names.push_back(column.name);
    }
    return names;
}

void drop_stand_in(Transport& transport, const Target& target) {
    const auto drop = [&](const std::string& table) {
        execute(transport,
                fmt::format("ALTER TABLE {}{} DROP COLUMN IF EXISTS {}", quote_identifier(table),
                            target.own().on_cluster(), quote_identifier(target.own().sign)));
    };
    drop(target.raw);
    if (target.own().clustered()) {
        drop(target.stored);
    }
}

} // namespace

void replace_view(Transport& transport, const Target& target,
                  const std::vector<std::string>& columns, const clickhouse::TargetShape& shape) {
    const Target side = view_beside(target);
    for (int left = kViewTries; find_table(transport, target.view).exists; --left) {
        execute(transport, create_view_sql(side, columns, shape));
        try {
            if (!exchange_views(transport, target, side)) {
                execute(transport, create_view_sql(target, columns, shape));
            }
            drop_view(transport, side);
            return;
        } catch (
            const ServerError& error) { // another loader that does the same may have dropped it
            if (error.server_code() != kNoSuchTable || left == 0) {
                throw;
            }
        }
    }
    execute(transport, create_view_sql(target, columns, shape));
}

void narrow_view(Transport& transport, const Target& target, const std::string& next) {
    const auto before = find_columns(transport, target.raw);
    const auto after = find_columns(transport, next);
    const clickhouse::OldTable old =
        clickhouse::old_table(target, before, find_table(transport, target.stored).sorting_key);
    std::vector<ExistingColumn> common = before;
    std::erase_if(common, [&](const auto& column) {
        return target.own().is_own(column.name) ||
               std::none_of(after.begin(), after.end(),
                            [&](const auto& other) { return other.name == column.name; });
    });
    if (!common.empty() && common.size() != old.shape.columns.size() &&
        find_table(transport, target.view).exists) {
        replace_view(transport, target, names_of(common), old.shape);
    }
}

void set_up_view(Transport& transport, const Target& target, const clickhouse::TargetShape& shape) {
    std::vector<ExistingColumn> raw = find_columns(transport, target.raw);
    if (raw.empty()) { // a dry run
        for (const clickhouse::TargetColumn& column : shape.columns) {
            raw.push_back({column.stored, clickhouse::type_text(column.mapping.type)});
        }
    }
    const bool stood_in =
        shape.keyed() && std::any_of(raw.begin(), raw.end(), [&](const auto& column) {
            return column.name == target.own().sign;
        });
    std::erase_if(raw, [&](const auto& column) { return target.own().is_own(column.name); });
    const Target side = view_beside(target);
    auto view = find_columns(transport, target.view);
    if (raw.empty()) {
        std::erase_if(view,
                      [](const auto& column) { return column.name == clickhouse::kNoColumn; });
    }
    const auto has = [text = find_table(transport, target.view).as_select](std::string_view words) {
        return text.find(words) != std::string::npos;
    };
    // Views of older versions read some names as something else, and by some readers' settings are
    // empty.
    if (has(fmt::format(" AS {}", clickhouse::kViewAlias)) && has(clickhouse::kBarrierStart) &&
        has(clickhouse::kTimes) != shape.keyed() &&
        std::equal(raw.begin(), raw.end(), view.begin(), view.end(),
                   [&](const auto& a, const auto& b) {
                       return a.type == b.type &&
                              clickhouse::source_column(a.name, target.own()) == b.name;
                   })) {
        if (find_table(transport, side.view).exists) { // a loader was killed behind the exchange
            drop_view(transport, side);
        }
    } else {
        replace_view(transport, target, names_of(raw), shape);
    }
    if (stood_in) {
        drop_stand_in(transport, target);
    }
}

} // namespace cdc::load
