#ifndef CDC_KAFKA_CONNECT_VALUE_HPP
#define CDC_KAFKA_CONNECT_VALUE_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// How a value of a Connect schema is written.
enum class ConnectForm : std::uint8_t {
    as_is,            ///< as cdc-event(5) has it too
    days,             ///< since 1970-01-01
    time,             ///< since midnight, in units
    timestamp,        ///< since 1970-01-01, in units
    zoned_timestamp,  ///< ISO 8601 in UTC, with a sign where the year has no four digits
    decimal,          ///< base64 of two's complement, most significant byte first; or a number
    variable_decimal, ///< {"scale":N,"value":the same}
    bits,             ///< base64, least significant byte first; becomes "101"
    bit_number,       ///< the same, at most 64 of them; becomes their number
    array,
    json,   ///< a struct or a map, which becomes JSON text
    texted, ///< a number, boolean or array as text: what cdc-publish --envelope schema makes of it
};

struct ConnectType {
    ConnectForm form = ConnectForm::as_is;
    std::string type;                   ///< the source's name of it, as table lines have it
    std::int64_t per_second = 1;        ///< units of times
    int precision = 0;                  ///< of a decimal; 0: not known
    int scale = 0;                      ///< of a decimal
    int length = 0;                     ///< of bits
    bool bytes = false;                 ///< base64 in JSON
    std::shared_ptr<ConnectType> items; ///< of an array
};

/// Appends the value as cdc-event(5) writes it. JSON of another kind than the type has (null, a
/// text where a number stands otherwise) is appended as it is. `json` is valid JSON.
void append_connect_value(std::string& out, const ConnectType& type, std::string_view json);

} // namespace cdc::kafka

#endif
