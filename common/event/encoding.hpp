#ifndef CDC_EVENT_ENCODING_HPP
#define CDC_EVENT_ENCODING_HPP

#include <cstdint>

namespace cdc::event {

/// How values are written: `exact` as cdc-event(5) has them, `debezium` as the connector of the
/// source's database does with its own defaults.
enum class Encoding : std::uint8_t { exact, debezium };

/// The member of `source` in lines of Encoding::debezium, behind the table's.
inline constexpr const char* kDebeziumMember = R"(,"types":"debezium")";

} // namespace cdc::event

#endif
