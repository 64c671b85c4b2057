#include "clickhouse/value_policy.hpp"

#include "base/numbers.hpp"
#include "base/time.hpp"
#include "clickhouse/row_format.hpp"
#include "event/json_cursor.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace cdc::clickhouse {

namespace {

enum class Side {
    none, ///< not a value of that kind at all
    below,
    above,
    nowhere, ///< NaN, 2020-00-00, 2020-02-31
};

constexpr std::string_view kDigits = "0123456789";

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

Side side_of_date(std::string_view text, const Type& type) {
    if (text == "infinity" || text == "-infinity") {
        return text.front() == '-' ? Side::below : Side::above;
    }
    const std::size_t year_end = std::min(text.find_first_not_of(kDigits), text.size());
    if (year_end < 4 || text.size() < year_end + 6 || text[year_end] != '-' ||
        !all_digits(text.substr(year_end + 1, 2)) || text[year_end + 3] != '-' ||
        !all_digits(text.substr(year_end + 4, 2))) {
        return Side::none;
    }
    if (text.ends_with(" BC")) {
        return Side::below;
    }
    const auto year = base::parse_integer<unsigned>(text.substr(0, year_end));
    if (!year || *year > 2299) {
        return Side::above;
    }
    if (*year < 1900) {
        return Side::below;
    }
    const auto month = base::parse_integer<unsigned>(text.substr(year_end + 1, 2));
    const auto day = base::parse_integer<unsigned>(text.substr(year_end + 4, 2));
    // MySQL has days without month, and with ALLOW_INVALID_DATES a 31st in every month.
    const bool in_calendar = base::is_valid_civil(*year, *month, *day);
    if (in_calendar && type.kind == Kind::datetime64 && type.scale > 8 &&
        text >= "2262-04-11T23:47:16") {
        return Side::above;
    }
    return !in_calendar && *month <= 12 && *day <= 31 ? Side::nowhere : Side::none;
}

/// Of a number that append_value() refused.
Side side_of_number(std::string_view text, const Type& type) {
    const bool decimal = type.kind == Kind::decimal;
    if (decimal && text == "NaN") {
        return Side::nowhere;
    }
    if (decimal && (text == "Infinity" || text == "-Infinity")) {
        return text.front() == '-' ? Side::below : Side::above;
    }
    const bool negative = !text.empty() && text.front() == '-';
    text.remove_prefix(negative ? 1 : 0);
    const std::size_t point = text.find('.');
    const bool number =
        all_digits(text.substr(0, point)) &&
        (point == std::string_view::npos || (decimal && all_digits(text.substr(point + 1))));
    if (decimal && number) {
        // With too many digits behind the point only, its nearest value is another matter.
        std::string_view digits = text.substr(0, point);
        digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
        if (static_cast<int>(digits.size()) <= type.precision - type.scale) {
            return Side::none;
        }
    }
    return !number ? Side::none : negative ? Side::below : Side::above;
}

template<typename T>
std::string limit_text(bool above) {
    std::string text;
    base::append_integer(text,
                         above ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min());
    return text;
}

/// The least or greatest value of the type as append_value() reads it.
std::string limit_json(const Type& type, bool above) {
    switch (type.kind) {
    case Kind::int8:
        return above ? "127" : "-128";
    case Kind::uint8:
        return above ? "255" : "0";
    case Kind::int16:
        return limit_text<std::int16_t>(above);
    case Kind::uint16:
        return limit_text<std::uint16_t>(above);
    case Kind::int32:
        return limit_text<std::int32_t>(above);
    case Kind::uint32:
        return limit_text<std::uint32_t>(above);
    case Kind::int64:
        return limit_text<std::int64_t>(above);
    case Kind::uint64:
        return limit_text<std::uint64_t>(above);
    case Kind::decimal: {
        std::string text = above ? "" : "-";
        const auto scale = static_cast<std::size_t>(type.scale);
        const auto before = static_cast<std::size_t>(type.precision) - scale;
        text += before == 0 ? "0" : std::string(before, '9');
        return scale == 0 ? text : text + "." + std::string(scale, '9');
    }
    case Kind::date32:
        return above ? "\"2299-12-31\"" : "\"1900-01-01\"";
    case Kind::datetime64: {
        if (!above) {
            return "\"1900-01-01T00:00:00\"";
        }
        // 64 bits of 10^-9 s end in April 2262.
        std::string text = type.scale > 8 ? "\"2262-04-11T00:00:00" : "\"2299-12-31T23:59:59";
        if (type.scale > 0) {
            text += "." + std::string(static_cast<std::size_t>(type.scale), '9');
        }
        return text + '"';
    }
    default:
        return "";
    }
}

struct Judgement {
    bool date = false;
    Side side = Side::none;
};

/// Of one value, no array, that append_value() refused.
Judgement judge(const Type& type, std::string_view json) {
    const bool quoted = json.size() >= 2 && json.front() == '"';
    const std::string_view text = quoted ? json.substr(1, json.size() - 2) : json;
    if (type.kind == Kind::date32 || type.kind == Kind::datetime64) {
        return {true, side_of_date(text, type)};
    }
    if (type.kind == Kind::decimal || (type.kind >= Kind::int8 && type.kind <= Kind::uint64)) {
        return {false, side_of_number(text, type)};
    }
    return {};
}

ColumnMapping element_of(const ColumnMapping& column) {
    ColumnMapping element = column;
    element.type = column.type.element();
    return element;
}

/// Whether the text alone is a value of the column.
bool fits(const ColumnMapping& column, std::string_view json) {
    std::string room(max_value_size(column.type, json.size()), '\0');
    char* at = room.data();
    return append_value(at, column, json) == nullptr;
}

std::optional<std::string> array_by_policy(const ColumnMapping& column, std::string_view json,
                                           const ValuePolicy& policy, ValueCounts& counts) {
    const ColumnMapping element = element_of(column);
    std::string out;
    event::JsonCursor cursor{array_elements(json)};
    for (bool more = cursor.open('['); more; more = cursor.next(']')) {
        const std::string_view value = cursor.value();
        out += out.empty() ? '[' : ',';
        if (fits(element, value)) {
            out += value;
        } else if (const auto instead = json_by_policy(element, value, policy, counts)) {
            out += *instead;
        } else {
            return std::nullopt;
        }
    }
    return cursor.failed() || out.empty() ? std::nullopt : std::optional{out + ']'};
}

} // namespace

std::string_view policy_option(const ColumnMapping& column, std::string_view json) {
    if (column.type.array) {
        const ColumnMapping element = element_of(column);
        event::JsonCursor cursor{array_elements(json)};
        for (bool more = cursor.open('['); more; more = cursor.next(']')) {
            const std::string_view value = cursor.value();
            if (!fits(element, value)) {
                return policy_option(element, value);
            }
        }
        return "";
    }
    const Judgement found = judge(column.type, json);
    return found.side == Side::none ? "" : found.date ? "--on-bad-date" : "--on-overflow";
}

std::optional<std::string> json_by_policy(const ColumnMapping& column, std::string_view json,
                                          const ValuePolicy& policy, ValueCounts& counts) {
    const Type& type = column.type;
    if (type.array) {
        return json == "null" ? std::nullopt : array_by_policy(column, json, policy, counts);
    }
    const Judgement found = judge(type, json);
    const Misfit wanted = found.date ? policy.dates : policy.numbers;
    if (wanted == Misfit::fail || found.side == Side::none) {
        return std::nullopt;
    }
    std::string out = "null";
    if (wanted == Misfit::clamp && found.side != Side::nowhere) {
        out = limit_json(type, found.side == Side::above);
        if (!fits(column, out)) {
            return std::nullopt;
        }
    } else if (wanted == Misfit::clamp && !type.nullable) {
        return std::nullopt; // there is no nearest value
    }
    ++(found.date ? counts.dates : counts.numbers);
    return out;
}

bool append_by_policy(char*& out, const ColumnMapping& column, std::string_view json,
                      const ValuePolicy& policy, ValueCounts& counts) {
    const Type& type = column.type;
    if (json == "null") {
        if (policy.nulls != NullPolicy::zero) {
            return false;
        }
        append_default(out, type);
        ++counts.nulls;
        return true;
    }
    const auto instead = json_by_policy(column, json, policy, counts);
    if (!instead) {
        return false;
    }
    if (*instead == "null") {
        append_default(out, type);
        return true;
    }
    return append_value(out, column, *instead) == nullptr;
}

} // namespace cdc::clickhouse
