#include "clickhouse/remake.hpp"

#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/stored_name.hpp"

#include <algorithm>

namespace cdc::clickhouse {

namespace {

constexpr std::string_view kRemakeMark = "cdc-load remake ";
/// Rows of a history without key are numbered apart from those of a change of the same version.
constexpr std::string_view kFirstRow = "4294967296";

/// The column of the same source column: an older version may have stored it by another name.
const ExistingColumn* find_column(const std::vector<ExistingColumn>& columns,
                                  std::string_view stored, const Layout& own) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const ExistingColumn& c) {
        return same_column(c.name, stored, own);
    });
    return found == columns.end() ? nullptr : &*found;
}

std::string version_sql(event::Order order) {
    return fmt::format("toUInt128('{}')", base::decimal_text(order.value));
}

/// Columns of an INSERT … SELECT, in pairs.
struct Pairs {
    std::string into;
    std::string select;
    void add(std::string_view name, std::string_view expression) {
        into += (into.empty() ? "" : ", ") + quote_identifier(name);
        select += select.empty() ? "" : ", ";
        select += expression;
    }
};

/// The source's columns that both tables have. A value that the new type does not hold is an error.
void add_columns(Pairs& pairs, const Layout& own, const std::vector<ExistingColumn>& from,
                 const std::vector<ExistingColumn>& to) {
    for (const ExistingColumn& column : to) {
        const ExistingColumn* old = find_column(from, column.name, own);
        if (old == nullptr || own.is_own(column.name) || column.computed()) {
            continue;
        }
        const std::string name = quote_identifier(old->name);
        pairs.add(column.name, old->type == column.type ? name
                                                        : fmt::format("accurateCast({}, {})", name,
                                                                      quote_string(column.type)));
    }
}

std::vector<std::string> source_columns(const OldTable& old, const Layout& own) {
    std::vector<std::string> names;
    for (const ExistingColumn& column : old.columns) {
        if (!own.is_own(column.name)) {
            names.push_back(column.name);
        }
    }
    return names;
}

std::string insert_into(const Target& side, const Pairs& pairs, std::string_view from) {
    return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}{}", quote_identifier(side.raw),
                       pairs.into, pairs.select, from,
                       side.own().clustered() ? " SETTINGS insert_distributed_sync = 1" : "");
}

std::string history_copy(const Target& target, const Target& side, const OldTable& old,
                         const TargetShape& shape, const std::vector<ExistingColumn>& to) {
    const Layout& own = target.own();
    Pairs pairs;
    for (const ExistingColumn& column : to) {
        const ExistingColumn* before = find_column(old.columns, column.name, own);
        if (before == nullptr || own.is_own(column.name) || column.computed()) {
            continue;
        }
        // An operation below the barrier is a record; the view does not read it.
        const std::string name = quote_identifier(before->name);
        pairs.add(column.name, before->type == column.type
                                   ? name
                                   : fmt::format("ifNull(accurateCastOrNull({0}, {1}), "
                                                 "defaultValueOfTypeName({1}))",
                                                 name, quote_string(column.type)));
    }
    for (const std::string* name :
         {&own.version, &own.operation, &own.source_time, &own.synced_at}) {
        pairs.add(*name, quote_identifier(*name));
    }
    const std::string operation = quote_identifier(own.operation);
    std::string from = quote_identifier(target.raw) + " FINAL";
    if (!shape.keyed()) {
        pairs.add(own.row, old.shape.keyed() ? "0" : quote_identifier(own.row));
        pairs.add(own.sign, old.shape.keyed()
                                ? fmt::format("multiIf({0} = 'd', -1, {0} = 't', 0, 1)", operation)
                                : quote_identifier(own.sign));
    } else if (!old.shape.keyed()) {
        from +=
            fmt::format(" WHERE {} > 0 OR {} IN ('d', 't')", quote_identifier(own.sign), operation);
    }
    return insert_into(side, pairs, from);
}

} // namespace

std::string remake_name(std::string_view name, event::Order order) {
    return fmt::format("{}_remake_{}", name, order.text());
}

Target remake_target(const Target& target, event::Order order) {
    Target side = target;
    side.raw = remake_name(target.raw, order);
    side.stored = target.own().clustered() ? side.raw + "_local" : side.raw;
    return side;
}

std::string remake_mark(event::Order order) {
    return std::string{kRemakeMark} + order.text();
}

std::optional<event::Order> remade_order(std::string_view comment) {
    return comment.substr(0, kRemakeMark.size()) == kRemakeMark
               ? event::Order::parse(comment.substr(kRemakeMark.size()))
               : std::nullopt;
}

event::Order remake_barrier(event::Order order) {
    return {order.value == 0 ? 0 : order.value - 1};
}

TargetShape remake_shape(const Target& target, TargetShape shape,
                         const std::vector<ExistingColumn>& existing,
                         std::vector<ExistingColumn>& carried) {
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
        TargetColumn& column = shape.columns[i];
        const bool in_key = std::find(shape.key.begin(), shape.key.end(), i) != shape.key.end();
        if (const ExistingColumn* old = find_column(existing, column.stored, target.own());
            old != nullptr && !in_key && !keep_wider_type(column, old->type)) {
            const std::optional<Type> had = parse_type(old->type);
            column.mapping.type.nullable |= had && had->nullable;
        }
    }
    for (const ExistingColumn& column : existing) {
        const bool ours =
            std::any_of(shape.columns.begin(), shape.columns.end(), [&](const auto& c) {
                return c.name == source_column(column.name, target.own());
            });
        if (!ours && !target.own().is_own(column.name)) {
            carried.push_back(column);
        }
    }
    return shape;
}

std::vector<std::string> create_remake_sql(const Target& side, const TargetShape& shape,
                                           const std::vector<ExistingColumn>& carried,
                                           event::Order order) {
    // One that is there is another loader's.
    constexpr std::string_view kIfNone = "IF NOT EXISTS ";
    std::string create = create_raw_sql(side, shape);
    create.erase(create.find(kIfNone), kIfNone.size());
    std::vector<std::string> statements{create + "\nCOMMENT " + quote_string(remake_mark(order))};
    // All at once: the expression of one may name another.
    std::string added;
    for (const ExistingColumn& column : carried) {
        added += fmt::format("{}ADD COLUMN IF NOT EXISTS {} {}", added.empty() ? "" : ", ",
                             quote_identifier(column.name), column.type);
        if (!column.default_kind.empty()) {
            added += fmt::format(" {} {}", column.default_kind, column.default_expression);
        }
    }
    if (!added.empty()) {
        statements.push_back(fmt::format("ALTER TABLE {}{} {}", quote_identifier(side.stored),
                                         side.own().on_cluster(), added));
    }
    return statements;
}

OldTable old_table(const Target& target, const std::vector<ExistingColumn>& columns,
                   std::string_view sorting_key) {
    const Layout& own = target.own();
    OldTable old;
    old.columns = columns;
    old.shape.history = own.history();
    for (const ExistingColumn& column : columns) {
        if (!own.is_own(column.name)) {
            old.shape.columns.push_back({source_column(column.name, own), column.name, {}, {}});
        }
    }
    for (const std::string& name : split_sorting_key(sorting_key)) {
        const auto found = std::find_if(old.shape.columns.begin(), old.shape.columns.end(),
                                        [&](const TargetColumn& c) { return c.stored == name; });
        if (found != old.shape.columns.end()) {
            old.shape.key.push_back(static_cast<std::size_t>(found - old.shape.columns.begin()));
        }
    }
    return old;
}

bool has_key_columns(const OldTable& old, const TargetShape& shape, const Layout& own) {
    return std::all_of(shape.key.begin(), shape.key.end(), [&](std::size_t index) {
        return find_column(old.columns, shape.columns[index].stored, own) != nullptr;
    });
}

std::vector<Conversion> remake_conversions(const Layout& own,
                                           const std::vector<ExistingColumn>& from,
                                           const std::vector<ExistingColumn>& to) {
    std::vector<Conversion> conversions;
    for (const ExistingColumn& column : to) {
        const ExistingColumn* old = find_column(from, column.name, own);
        if (old != nullptr && !own.is_own(column.name) && !column.computed() &&
            old->type != column.type) {
            conversions.push_back({column.name, old->type, column.type});
        }
    }
    return conversions;
}

std::string try_conversion_sql(const Conversion& conversion) {
    return fmt::format("SELECT accurateCast(materialize(defaultValueOfTypeName({})), {}) WHERE 0",
                       quote_string(conversion.from), quote_string(conversion.to));
}

RemakeCopy remake_copy(const Target& target, const Target& side, const OldTable& old,
                       const TargetShape& shape, const std::vector<ExistingColumn>& to,
                       event::Order order, std::int64_t ts_ms) {
    const Layout& own = target.own();
    const event::Order version = remake_barrier(order);
    const std::string current = select_current_sql(target, source_columns(old, own), old.shape);
    RemakeCopy copy;
    if (own.history()) {
        copy.history = history_copy(target, side, old, shape, to);
    }
    Pairs pairs;
    add_columns(pairs, own, old.columns, to);
    pairs.add(own.version, version_sql(version));
    if (own.history()) {
        pairs.add(own.operation, "'r'");
    } else if (shape.keyed()) {
        pairs.add(own.deleted, "0");
    }
    if (!shape.keyed()) {
        pairs.add(own.row, fmt::format("{} + rowNumberInAllBlocks()", kFirstRow));
        pairs.add(own.sign, "1");
    }
    std::string from = "(\n" + current + "\n)";
    if (old.shape.keyed() && !own.history()) { // a row has a commit time of its own
        from = fmt::format("{} FINAL WHERE {} >= {}", quote_identifier(target.raw),
                           quote_if_needed(own.version), barrier_sql(target.name));
        pairs.add(own.source_time, quote_identifier(own.source_time));
    } else {
        pairs.add(own.source_time, fmt::format("{}", ts_ms));
    }
    copy.rows = insert_into(side, pairs, from);
    copy.count_old = "SELECT count() FROM (\n" + current + "\n)";
    copy.count_new = fmt::format(
        "SELECT count() FROM {} FINAL WHERE {} = {}{}", quote_identifier(side.raw),
        quote_if_needed(own.version), version_sql(version),
        own.history() ? fmt::format(" AND {} = 'r'", quote_if_needed(own.operation)) : "");
    return copy;
}

std::string stand_in_sql(const Target& side, const TargetShape& shape,
                         const std::vector<ExistingColumn>& from, event::Order order) {
    const Layout& own = side.own();
    if (!shape.keyed() || std::none_of(from.begin(), from.end(), [&](const ExistingColumn& column) {
            return column.name == own.sign;
        })) {
        return {};
    }
    const std::string once =
        !own.history()
            ? "1"
            : fmt::format("{} = 'r' AND {} = {}", quote_identifier(own.operation),
                          quote_identifier(own.version), version_sql(remake_barrier(order)));
    return fmt::format("ALTER TABLE {}{} ADD COLUMN IF NOT EXISTS {} Int8 ALIAS {}",
                       quote_identifier(side.stored), own.on_cluster(), quote_identifier(own.sign),
                       once);
}

std::string remake_exchange_sql(const Target& target, const Target& side) {
    return fmt::format("EXCHANGE TABLES {} AND {}{}", quote_identifier(target.stored),
                       quote_identifier(side.stored), target.own().on_cluster());
}

} // namespace cdc::clickhouse
