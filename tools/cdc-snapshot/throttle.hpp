#ifndef CDC_SNAPSHOT_THROTTLE_HPP
#define CDC_SNAPSHOT_THROTTLE_HPP

#include "cdc-snapshot/output.hpp"

#include <cstdint>
#include <mutex>

namespace cdc::snapshot {

/// Lets all readers together pass so many rows a second. Safe from several threads.
class Throttle {
public:
    explicit Throttle(std::uint64_t rows_per_second) : m_rate{rows_per_second} {}
    /// So many rows between two calls; 0: no limit, never call.
    std::uint64_t step() const;
    /// Waits until so many more may pass. Throws Stopped.
    void pass(std::uint64_t rows, const Output& output);

private:
    std::uint64_t m_rate;
    std::mutex m_mutex;
    std::int64_t m_next_ms = 0;
    double m_debt_ms = 0;
};

} // namespace cdc::snapshot

#endif
