#ifndef CDC_VIEWS_FUNCTIONS_HPP
#define CDC_VIEWS_FUNCTIONS_HPP

#include "views/tree.hpp"

#include <span>
#include <string>
#include <string_view>

namespace cdc::views {

enum class FunctionKind { scalar, aggregate, window };

/// A function or operator that views may use: its answer depends on its arguments alone, never on
/// clock, session, randomness, files or the catalog. cdc-transform(1) lists them.
struct AllowedFunction {
    std::string_view name;
    FunctionKind kind;
    bool needs_order = false; ///< depends on the order of rows: must say ORDER BY
};

std::span<const AllowedFunction> allowed_functions();
/// Null: not allowed.
const AllowedFunction* find_function(std::string_view name);

bool is_aggregate_call(const Json& expression);
/// Throws Problem for a FUNCTION or WINDOW that is not allowed here, or that lacks its ORDER BY.
void check_function(const Json& expression);
/// A constant that is not 0, or nullif(x, 0).
bool cannot_be_zero(const Json& expression);
/// Throws Problem for a division or an average that may be of other numbers than floats, or a
/// division by what may be zero: where views/exact.hpp does not rewrite them.
void check_float_division(const Json& expression);

} // namespace cdc::views

#endif
