#ifndef CDC_EVENT_DEBEZIUM_DECIMAL_HPP
#define CDC_EVENT_DEBEZIUM_DECIMAL_HPP

#include <optional>
#include <string>
#include <string_view>

namespace cdc::event {

/// Debezium's decimal: the unscaled number as two's complement, the most significant byte first, in
/// base64, with `scale` digits behind the point. Without a scale `{"scale":2,"value":BASE64}`, of
/// as many digits as the number needs. NaN, infinities and money of other locales are strings of
/// their text. Throws Error (bad_data) when the number has more digits than `scale` behind the
/// point.
void append_debezium_decimal(std::string& out, std::string_view text, std::optional<int> scale);

} // namespace cdc::event

#endif
