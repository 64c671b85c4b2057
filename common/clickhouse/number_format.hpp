#ifndef CDC_CLICKHOUSE_NUMBER_FORMAT_HPP
#define CDC_CLICKHOUSE_NUMBER_FORMAT_HPP

#include "clickhouse/types.hpp"

#include <cstddef>
#include <string_view>

/// Numbers of change lines in RowBinary, by the rules of append_value() (row_format.hpp).
namespace cdc::clickhouse {

/// `kind` is one of the integers.
const char* append_integer(char*& out, Kind kind, std::string_view json);
const char* append_float32(char*& out, std::string_view json);
const char* append_float64(char*& out, std::string_view json);
const char* append_decimal(char*& out, const Type& type, std::string_view json);

/// Bytes of a Decimal.
constexpr std::size_t decimal_width(int precision) {
    return precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32;
}

} // namespace cdc::clickhouse

#endif
