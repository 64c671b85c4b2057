#include "clickhouse/value_policy.hpp"

#include "base/numbers.hpp"
#include "clickhouse/row_format.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace cdc::clickhouse {

namespace {

enum class Side {
    none, ///< not a value of that kind at all
    below,
    above,
    nowhere, ///< NaN, 2020-00-00
};

constexpr std::string_view kDigits = "0123456789";

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

Side side_of_date(std::string_view text) {
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
    const bool partial =
        text.substr(year_end + 1, 2) == "00" || text.substr(year_end + 4, 2) == "00";
    return partial ? Side::nowhere : Side::none;
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

} // namespace

bool append_by_policy(char*& out, const ColumnMapping& column, std::string_view json,
                      const ValuePolicy& policy, ValueCounts& counts) {
    const Type& type = column.type;
    if (json == "null") {
        if (!policy.null_as_default) {
            return false;
        }
        append_default(out, type);
        ++counts.nulls;
        return true;
    }
    const bool quoted = json.size() >= 2 && json.front() == '"';
    const std::string_view text = quoted ? json.substr(1, json.size() - 2) : json;
    const bool date = type.kind == Kind::date32 || type.kind == Kind::datetime64;
    const bool number =
        type.kind == Kind::decimal || (type.kind >= Kind::int8 && type.kind <= Kind::uint64);
    if (!date && !number) {
        return false;
    }
    const Misfit wanted = date ? policy.dates : policy.numbers;
    const Side side = date ? side_of_date(text) : side_of_number(text, type);
    if (wanted == Misfit::fail || side == Side::none) {
        return false;
    }
    if (wanted == Misfit::clamp && side != Side::nowhere) {
        const std::string limit = limit_json(type, side == Side::above);
        if (append_value(out, column, limit) != nullptr) {
            return false;
        }
    } else if (wanted == Misfit::clamp && !type.nullable) {
        return false; // there is no nearest value
    } else {
        append_default(out, type);
    }
    ++(date ? counts.dates : counts.numbers);
    return true;
}

} // namespace cdc::clickhouse
