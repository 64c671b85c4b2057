#ifndef CDC_DUCKDB_EXACT_QUOTIENT_HPP
#define CDC_DUCKDB_EXACT_QUOTIENT_HPP

#include <string>
#include <string_view>

namespace cdc::duckdb {

enum class QuotientError { none, division_by_zero, too_many_digits };

/// Appends PostgreSQL's `round(a / b, places)` of two numerics, given as decimal texts. Their
/// quotient has PostgreSQL's scale first (select_div_scale: 16 digits that count, or those of the
/// operands), so that what it rounds twice is rounded twice here. A divisor has up to 37 digits.
QuotientError append_quotient(std::string& out, std::string_view a, std::string_view b, int places);

} // namespace cdc::duckdb

#endif
