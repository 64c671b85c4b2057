#ifndef CDC_VERIFY_NUMERIC_HPP
#define CDC_VERIFY_NUMERIC_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc::verify {

/// PostgreSQL's binary numeric: int16 number of digits, int16 weight of the first, uint16 sign
/// (0, 0x4000 negative, 0xC000 NaN, 0xD000 and 0xF000 infinities), uint16 display scale, then the
/// digits to base 10000; big-endian. Its value is the sum of digit[i] * 10000^(weight - i).
///
/// Writes it as ClickHouse's Decimal(precision, scale): a little-endian integer of 4, 8, 16 or 32
/// bytes in units of 10^-scale. Gives the size; 0 when the type cannot hold it exactly.
std::size_t encode_numeric(std::string_view binary, int precision, int scale, char* out);

/// For people: "-12.50", "NaN".
std::string numeric_text(std::string_view binary);

/// The text of a Decimal's bytes: "-12.50" for scale 2.
std::string decimal_text(std::string_view bytes, int scale);

} // namespace cdc::verify

#endif
