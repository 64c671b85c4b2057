#ifndef CDC_MYSQL_EPOCH_HPP
#define CDC_MYSQL_EPOCH_HPP

#include <cstdint>

namespace cdc::mysql {

/// The epoch of a stream that begins now: days since 2020-01-01, higher than that of any stream
/// that began on an earlier day.
std::uint16_t first_epoch();

} // namespace cdc::mysql

#endif
