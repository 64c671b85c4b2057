#ifndef CDC_LAG_OBSERVER_HPP
#define CDC_LAG_OBSERVER_HPP

#include "base/mutex.hpp"
#include "cdc-lag/parts.hpp"

#include <condition_variable>
#include <cstdint>
#include <thread>
#include <vector>

namespace cdc::lag {

/// A hop for the screen.
struct Seen {
    Hop hop;
    std::size_t part = 0;
    std::int64_t at_ms = 0;      ///< steady clock, when its part answered; 0: it has not
    std::int64_t waiting_ms = 0; ///< how long its part has been asked without an answer
};

/// Looks at all parts again and again, each on a thread of its own, so that a slow one holds up
/// none of the others.
class Observer {
public:
    Observer(const Options& options, std::int64_t interval_ms);
    /// Asks the process to stop, which ends the waits of all parts.
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// Waits up to `timeout_ms` for all parts to have answered once, or for a stop signal.
    void wait_for_first(std::int64_t timeout_ms);
    /// All that is known by now. A part that has never answered is a hop that says so.
    std::vector<Seen> look();

private:
    struct Answers {
        std::vector<Found> found;
        std::int64_t asked_ms = 0; ///< 0: it is not asked now
        std::int64_t answered_ms = 0;
    };
    void run(std::size_t number);
    /// False: to stop. Else the part is asked from now on.
    bool ask(std::size_t number);
    /// What it found; then waits until it is due again, or to stop.
    void answer(std::size_t number, std::vector<Found> found);
    bool all_answered() const CDC_REQUIRES(m_mutex);

    Parts m_parts;
    std::int64_t m_interval_ms;
    base::Mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<Answers> m_answers CDC_GUARDED_BY(m_mutex); ///< by the number of the part
    bool m_stop CDC_GUARDED_BY(m_mutex) = false;
    std::vector<std::thread> m_threads;
};

} // namespace cdc::lag

#endif
