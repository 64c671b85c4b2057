#ifndef CDC_POSTGRES_DEBEZIUM_NUMBER_HPP
#define CDC_POSTGRES_DEBEZIUM_NUMBER_HPP

#include <optional>
#include <string>
#include <string_view>

/// Those of Debezium's encodings that are bytes in base64. All throw Error (bad_data).
namespace cdc::postgres {

/// numeric and money: the unscaled number as two's complement, the most significant byte first,
/// with `scale` digits behind the point. Without a scale `{"scale":2,"value":BASE64}`, of as many
/// digits as the number needs. NaN, infinities and money of other locales are strings of their
/// text.
void append_debezium_decimal(std::string& out, std::string_view text, std::optional<int> scale);

/// bit and varbit: the last bit first, without zero bytes at the end.
void append_debezium_bits(std::string& out, std::string_view text);

/// "(1.5,-2)" as `{"x":1.5,"y":-2,"wkb":BASE64,"srid":null}`; well-known binary is the byte order,
/// type 1 and two doubles.
void append_debezium_point(std::string& out, std::string_view text);

} // namespace cdc::postgres

#endif
