#ifndef CDC_POSTGRES_LSN_HPP
#define CDC_POSTGRES_LSN_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::postgres {

/// A byte position in the write-ahead log; 0 is "none".
using Lsn = std::uint64_t;

/// "16/B374D848": two hex numbers of at most 8 digits. Nothing when `text` is anything else.
std::optional<Lsn> parse_lsn(std::string_view text);

/// The server's form: upper-case hex without leading zeros.
std::string format_lsn(Lsn lsn);

/// Microseconds since 2000-01-01, as the server counts, to milliseconds since 1970-01-01.
std::int64_t unix_ms_from_postgres_us(std::int64_t us);

} // namespace cdc::postgres

#endif
