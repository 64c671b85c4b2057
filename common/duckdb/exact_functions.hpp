#ifndef CDC_DUCKDB_EXACT_FUNCTIONS_HPP
#define CDC_DUCKDB_EXACT_FUNCTIONS_HPP

namespace cdc::duckdb {

class Connection;

/// Makes the functions that views' expressions are rewritten to (views/exact.hpp), which answer as
/// PostgreSQL's and fail where it fails. All are NULL where an argument is.
///
/// ```
/// cdc_add, cdc_subtract, cdc_multiply, cdc_divide (double, double): out of range is an error
/// cdc_divide_whole(bigint, bigint) toward zero
/// cdc_quotient(varchar, varchar, places) a quotient of numerics, rounded
/// cdc_round(double)            halves to the even neighbour
/// cdc_real(double)             as a float; out of range is an error
/// cdc_double_of_text(varchar)  out of range is an error; cdc_real_of_text the same
/// cdc_text(double)             the shortest digits, laid out as PostgreSQL does
/// cdc_digits(double)           the 15 digits that a cast to numeric takes; 6 of a float
/// cdc_…_real                   the same of floats
/// cdc_whole(varchar)           its argument where it is the text of an integer, else an error
/// cdc_number(varchar)          its argument where it is the text of a numeric, else an error
/// cdc_flag(boolean)            't' or 'f'
/// cdc_moment(varchar)          the engine's text of a date or time, BC where PostgreSQL has it
/// cdc_decimal(varchar)         the engine's text of a decimal, with the 0 before its point
/// cdc_date_of_text(varchar)    its argument where it is a date to both, as the engine wants it
/// cdc_time_of_text(varchar)    the same of a time, rounded to 6 digits behind the second
/// cdc_timestamp_of_text(varchar)  the same of a timestamp; cdc_…_tz_of_text of those with a zone
/// cdc_chr(bigint)              the character of this number, 0 is none
/// cdc_upper(text, upper(text)) ß stays ß
/// cdc_year(bigint)             1 BC is -1, and 0 for the engine
/// cdc_finite(bigint, infinite) the first; an error where the second is true
/// cdc_date(date)               its argument where PostgreSQL has such a date, else an error;
///                              cdc_timestamp, cdc_timestamp_tz the same
/// cdc_off_calendar(type, text) whether they are those of a date or time that PostgreSQL has not
/// cdc_sum(sum, any_infinite)   a sum of floats; out of range is an error
/// cdc_avg(avg, largest)        an average of floats whose largest magnitude is the second
/// ```
void make_exact_functions(Connection& connection);

} // namespace cdc::duckdb

#endif
