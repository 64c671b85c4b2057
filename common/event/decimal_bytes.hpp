#ifndef CDC_EVENT_DECIMAL_BYTES_HPP
#define CDC_EVENT_DECIMAL_BYTES_HPP

#include <string>
#include <string_view>

/// Decimals as two's complement of the unscaled number, the most significant byte first, as few
/// bytes as it takes: what Kafka Connect and Avro have.
namespace cdc::event {

/// `digits` are decimal digits and nothing else.
void append_twos_complement(std::string& out, bool negative, std::string_view digits);

/// "-12.50" for the bytes of -1250 and a scale of 2.
std::string decimal_text(std::string_view bytes, int scale);

/// The same, appended, without memory of its own for up to 18 digits.
void append_decimal_text(std::string& out, std::string_view bytes, int scale);

} // namespace cdc::event

#endif
