#ifndef CDC_VERIFY_NUMBER_TEXT_HPP
#define CDC_VERIFY_NUMBER_TEXT_HPP

#include "cdc-verify/column.hpp"

#include <string>
#include <string_view>

namespace cdc::verify {

/// A number's digits without exponent, zeros that say nothing, and the sign of zero: "1.50e-02" ->
/// "0.015". Other texts (NaN, Infinity, words) as they are.
std::string plain_number(std::string_view text);

/// The float of the column's type with this number's digits; odd where none has them.
Value float_of(const Column& column, std::string_view text, Scratch& scratch);

} // namespace cdc::verify

#endif
