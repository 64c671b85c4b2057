#include "event/shape_change.hpp"

#include "base/error.hpp"
#include "event/type_name.hpp"

#include <algorithm>

namespace cdc::event {

using base::in_quotes;

namespace {

constexpr int kLongestDecimal = 76; ///< digits of ClickHouse's longest

const Column* find_column(const Table& table, const Column& wanted) {
    const auto found =
        std::find_if(table.columns.begin(), table.columns.end(), [&](const Column& column) {
            return column.number != 0 && wanted.number != 0 ? column.number == wanted.number
                                                            : column.name == wanted.name;
        });
    return found != table.columns.end() ? &*found : nullptr;
}

bool has_column(const Table& table, const std::string& name) {
    return std::any_of(table.columns.begin(), table.columns.end(),
                       [&](const Column& column) { return column.name == name; });
}

int place_in(std::initializer_list<std::string_view> names, std::string_view name) {
    const auto* const found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

/// MySQL's and MariaDB's types that grow. An unsigned type fits into the next larger signed one.
bool mysql_type_grows(TypeName from, TypeName to) {
    const bool from_unsigned = take_unsigned(from);
    const bool to_unsigned = take_unsigned(to);
    if (to_unsigned && !from_unsigned) {
        return false;
    }
    const bool loses_sign = from_unsigned && !to_unsigned;
    const auto size_of = [](const TypeName& type) {
        return place_in({"tinyint", "smallint", "mediumint", "int", "bigint"}, type.name);
    };
    if (size_of(from) >= 0) {
        return size_of(to) >= size_of(from) + (loses_sign ? 1 : 0);
    }
    if (from.name == "decimal" && to.name == "decimal") {
        return to.second == from.second && to.first >= from.first;
    }
    const auto text_size = [](const TypeName& type) {
        return place_in({"tinytext", "text", "mediumtext", "longtext"}, type.name);
    };
    if (text_size(from) >= 0) {
        return text_size(to) >= text_size(from);
    }
    if (from.name != "char" && from.name != "varchar") {
        return false;
    }
    const bool grows = (to.name == "varchar" || to.name == from.name) && to.first >= from.first;
    return grows || text_size(to) >= 1; // 65,535 bytes, as the longest varchar
}

std::string reason_of_column(const Table& before, const Table& after, const Column& now,
                             bool types_by_facts) {
    const Column* then = find_column(before, now);
    const std::string name = in_quotes(now.name);
    if (then == nullptr) {
        if (has_column(before, now.name)) {
            return fmt::format("column {} was dropped and made anew", name);
        }
        const bool unfilled = std::find(after.unfilled.begin(), after.unfilled.end(), now.name) !=
                              after.unfilled.end();
        return unfilled
                   ? fmt::format("column {} was added with values of its own in old rows", name)
                   : std::string{};
    }
    if (then->name != now.name) {
        return fmt::format("column {} was called {}", name, in_quotes(then->name));
    }
    // The name of an enum, which the facts know by its number, may be another one.
    const bool same_enum = types_by_facts && !then->labels.empty() && then->labels == now.labels;
    if (!same_enum && !keeps_values(then->type, now.type)) {
        return fmt::format("the type of column {} was changed from {} to {}", name,
                           in_quotes(then->type), in_quotes(now.type));
    }
    for (const std::string& label : then->labels) {
        if (!now.labels.empty() &&
            std::find(now.labels.begin(), now.labels.end(), label) == now.labels.end()) {
            return fmt::format("label {} of column {} was renamed", in_quotes(label), name);
        }
    }
    return {};
}

/// Without a key a stored row is found by all its values, and a change that comes now lacks one.
std::string reason_of_dropped(const Table& before, const Table& after) {
    for (const Column& then : before.columns) {
        if (!after.has_key() && find_column(after, then) == nullptr) {
            return fmt::format("column {} was dropped, and the table has no key",
                               in_quotes(then.name));
        }
    }
    return {};
}

} // namespace

bool keeps_values(std::string_view from, std::string_view to) {
    if (from == to) {
        return true;
    }
    const TypeName old_type = take_apart(from);
    const TypeName new_type = take_apart(to);
    const auto is_text = [](const TypeName& type) {
        return type.name == "text" || type.name == "character varying";
    };
    if (is_text(old_type) && is_text(new_type) && new_type.first == -1) {
        return true;
    }
    if (mysql_type_grows(old_type, new_type)) {
        return true;
    }
    if (old_type.name != new_type.name) {
        return false;
    }
    constexpr std::string_view kGrowing[] = {"character varying",
                                             "bit varying",
                                             "numeric",
                                             "timestamp without time zone",
                                             "timestamp with time zone",
                                             "time without time zone",
                                             "time with time zone"};
    if (std::find(std::begin(kGrowing), std::end(kGrowing), old_type.name) == std::end(kGrowing)) {
        return false;
    }
    // ClickHouse has no decimal for it, and its text of the old one lacks zeros: 1.50 is '1.5'.
    if (new_type.name == "numeric" && old_type.second > 0 && old_type.first <= kLongestDecimal &&
        (new_type.first == -1 || new_type.first > kLongestDecimal)) {
        return false;
    }
    if (new_type.first == -1) {
        return true;
    }
    return old_type.first != -1 && new_type.first >= old_type.first &&
           new_type.second == old_type.second;
}

std::string stale_reason(const Table& before, const Table& after, bool types_by_facts) {
    if (before.oid != 0 && after.oid != 0 && before.oid != after.oid) {
        return "another table has its name now";
    }
    for (const Column& now : after.columns) {
        if (std::string reason = reason_of_column(before, after, now, types_by_facts);
            !reason.empty()) {
            return reason;
        }
    }
    return reason_of_dropped(before, after);
}

} // namespace cdc::event
