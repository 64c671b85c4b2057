#include "views/number_types.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace cdc::views {

namespace {

constexpr int kDigits = 38;

struct Digits {
    int before = 0;
    int behind = 0;
};

Digits digits_of(const std::string& type) {
    int width = 0;
    int scale = 0;
    if (is_decimal(type)) {
        if (std::sscanf(type.c_str(), "DECIMAL(%d,%d)", &width, &scale) != 2) {
            return {kDigits, 0};
        }
        return {width - scale, scale};
    }
    // What the engine takes an integer for beside a decimal.
    return {type == "HUGEINT"                           ? kDigits
            : type == "BIGINT"                          ? 19
            : type == "UBIGINT"                         ? 20
            : type == "INTEGER" || type == "UINTEGER"   ? 10
            : type == "SMALLINT" || type == "USMALLINT" ? 5
                                                        : 3,
            0};
}

} // namespace

bool is_float(std::string_view type) {
    return type == "DOUBLE" || type == "FLOAT";
}

bool is_decimal(std::string_view type) {
    return type.starts_with("DECIMAL");
}

bool is_fraction(const std::string& type) {
    return is_decimal(type) && digits_of(type).before == 0;
}

bool is_integer(std::string_view type) {
    static constexpr std::array kIntegers =
        std::to_array<std::string_view>({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                         "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"});
    return std::find(kIntegers.begin(), kIntegers.end(), type) != kIntegers.end();
}

std::string_view signed_type(std::string_view type) {
    return type == "UTINYINT"    ? "SMALLINT"
           : type == "TINYINT"   ? "SMALLINT"
           : type == "USMALLINT" ? "INTEGER"
           : type == "UINTEGER"  ? "BIGINT"
           : type == "UBIGINT"   ? "HUGEINT"
                                 : "";
}

bool is_number(std::string_view type) {
    return is_float(type) || is_decimal(type) || is_integer(type);
}

/// Up to 15 digits are exact in a double, and so are its powers of ten.
bool is_exact_in_double(std::string_view type) {
    int width = 0;
    return is_decimal(type)
               ? std::sscanf(std::string{type}.c_str(), "DECIMAL(%d", &width) == 1 && width <= 15
               : type != "HUGEINT";
}

bool is_exact_in_float(std::string_view from, std::string_view to) {
    return from == to ||
           (to == "DOUBLE" ? is_exact_in_double(from) : is_integer(from) && from != "HUGEINT");
}

std::string decimal_of_places(const std::string& type, int places) {
    const Digits digits = digits_of(type);
    return places > digits.behind
               ? "DECIMAL(" + std::to_string(std::min(digits.before + places, kDigits)) + ',' +
                     std::to_string(places) + ')'
               : "";
}

std::string wide_decimal(const std::vector<std::string>& types) {
    Digits all;
    const std::string* decimal = nullptr;
    bool differ = false; // an integer takes the scale of a decimal beside it
    for (const std::string& type : types) {
        if (!is_decimal(type) && !is_integer(type)) {
            return "";
        }
        if (is_decimal(type)) {
            differ = differ || (decimal != nullptr && *decimal != type);
            decimal = &type;
        }
        const Digits digits = digits_of(type);
        all.before = std::max(all.before, digits.before);
        all.behind = std::max(all.behind, digits.behind);
    }
    return differ && all.behind > 0 && all.before + all.behind > kDigits
               ? "DECIMAL(38," + std::to_string(all.behind) + ")"
               : "";
}

} // namespace cdc::views
