#include "clickhouse/rebuild.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/stored_name.hpp"

#include <algorithm>

namespace cdc::clickhouse {

namespace {
/// Stands in the comments of users' tables: do not change.
constexpr std::string_view kMark = "cdc-load --rebuild ";
} // namespace

Target rebuild_target(const Target& target) {
    Target side = target;
    side.raw += "_rebuild";
    side.stored = side.raw;
    return side;
}

std::string rebuild_mark(event::Order order, std::string_view unique) {
    return fmt::format("{}{} {}", kMark, order.text(), unique);
}

bool is_rebuild_mark(std::string_view comment) {
    return comment.substr(0, kMark.size()) == kMark;
}

std::string create_rebuild_sql(const Target& side, const TargetShape& shape,
                               std::string_view mark) {
    return create_raw_sql(side, shape) + "\nCOMMENT " + quote_string(mark);
}

std::string exchange_sql(const Target& target) {
    return fmt::format("EXCHANGE TABLES {} AND {}", quote_identifier(target.raw),
                       quote_identifier(rebuild_target(target).raw));
}

std::string copy_sql(std::string_view from, const std::vector<ExistingColumn>& from_columns,
                     std::string_view to, const std::vector<ExistingColumn>& to_columns,
                     const Layout& own, event::Order order, const std::vector<std::string>& parts) {
    std::string into;
    std::string select;
    for (const ExistingColumn& column : to_columns) {
        const auto found = std::find_if( // an older version may have stored it by another name
            from_columns.begin(), from_columns.end(),
            [&](const ExistingColumn& other) { return same_column(other.name, column.name, own); });
        if (found == from_columns.end()) {
            continue;
        }
        const std::string name = quote_identifier(found->name);
        into += (into.empty() ? "" : ", ") + quote_identifier(column.name);
        select += select.empty() ? "" : ", ";
        select += found->type == column.type
                      ? name
                      : fmt::format("accurateCast({}, {})", name, quote_string(column.type));
    }
    std::string but;
    for (const std::string& part : parts) {
        but += (but.empty() ? " AND _part NOT IN (" : ", ") + quote_string(part);
    }
    return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} WHERE {} >= toUInt128('{}'){}{}",
                       quote_identifier(to), into, select, quote_identifier(from),
                       quote_if_needed(own.version), base::decimal_text(order.value), but,
                       but.empty() ? "" : ")");
}

StateRow rebuild_row(std::string_view table, event::Order order, std::string_view mark) {
    return table_row(table, "rebuild", order, mark);
}

} // namespace cdc::clickhouse
