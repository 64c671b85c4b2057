#ifndef CDC_KAFKA_IN_STEPS_HPP
#define CDC_KAFKA_IN_STEPS_HPP

#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/handles.hpp"

#include <algorithm>

/// Only this folder's .cpp files include this header.
namespace cdc::kafka {

/// Runs a blocking call of the client, which takes the milliseconds that it may wait, again and
/// again until a broker answers, or `timeout_ms` is over. Throws io::Stopped
/// ("stopped while …").
template<typename Call>
rd_kafka_resp_err_t in_steps(int timeout_ms, const char* doing, Call&& call) {
    constexpr std::int64_t kStepMs = 2000; // long enough for a slow answer
    constexpr std::int64_t kPauseMs = 20;
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (true) {
        const std::int64_t left = std::max<std::int64_t>(deadline - base::steady_ms(), 1);
        const rd_kafka_resp_err_t error = call(static_cast<int>(std::min(left, kStepMs)));
        const bool no_answer =
            error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT;
        if (!no_answer || base::steady_ms() >= deadline) {
            return error;
        }
        if (!io::sleep_ms(kPauseMs)) {
            throw io::Stopped{doing};
        }
    }
}

} // namespace cdc::kafka

#endif
