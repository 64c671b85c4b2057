#include "views/number_types.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace cdc::views {

bool is_float(std::string_view type) {
    return type == "DOUBLE" || type == "FLOAT";
}

bool is_decimal(std::string_view type) {
    return type.starts_with("DECIMAL");
}

bool is_integer(std::string_view type) {
    static constexpr std::array kIntegers =
        std::to_array<std::string_view>({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                         "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"});
    return std::find(kIntegers.begin(), kIntegers.end(), type) != kIntegers.end();
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

} // namespace cdc::views
