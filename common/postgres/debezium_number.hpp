#ifndef CDC_POSTGRES_DEBEZIUM_NUMBER_HPP
#define CDC_POSTGRES_DEBEZIUM_NUMBER_HPP

#include <string>
#include <string_view>

/// Those of Debezium's encodings that are bytes in base64. All throw Error (bad_data).
namespace cdc::postgres {

/// bit and varbit: the last bit first, without zero bytes at the end.
void append_debezium_bits(std::string& out, std::string_view text);

/// "(1.5,-2)" as `{"x":1.5,"y":-2,"wkb":BASE64,"srid":null}`; well-known binary is the byte order,
/// type 1 and two doubles.
void append_debezium_point(std::string& out, std::string_view text);

} // namespace cdc::postgres

#endif
