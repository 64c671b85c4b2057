#ifndef CDC_MYSQL_DEBEZIUM_FORM_HPP
#define CDC_MYSQL_DEBEZIUM_FORM_HPP

#include "event/table.hpp"
#include "mysql/value.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace cdc::mysql {

/// The encodings of Debezium 3.3's MySQL connector as its JSON converter writes them, with its own
/// defaults: cdc-event(5), "Values of Debezium". They are made from the exact value, so that rows
/// of the log and of a result have the same ones.
struct DebeziumForm {
    enum class Kind : std::uint8_t {
        exact,         ///< as without
        plain_integer, ///< a number of up to 63 bits
        decimal,       ///< base64 of the unscaled number
        boolean,       ///< bit(1)
        bits,          ///< base64, the lowest byte first
        days,          ///< since 1970
        time_micros,
        datetime_millis, ///< since 1970
        datetime_micros,
        zoned_timestamp, ///< the exact text, but for zero dates
        geometry,        ///< {"wkb":BASE64,"srid":number or null}
        point,           ///< the same with x and y in front
    };
    Kind kind = Kind::exact;
    bool nullable = true;    ///< zero and partial dates are null, else 1970-01-01
    std::uint8_t scale = 0;  ///< of a decimal
    std::uint8_t length = 0; ///< of bits, in bytes
};

DebeziumForm debezium_form(const event::Column& column, const ValueCodec& codec);

/// Replaces the exact JSON value that stands from `start` on in `out`, which is not null. Throws
/// Error (bad_data).
void write_debezium_form(std::string& out, std::size_t start, const DebeziumForm& form);

} // namespace cdc::mysql

#endif
