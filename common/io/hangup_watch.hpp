#ifndef CDC_IO_HANGUP_WATCH_HPP
#define CDC_IO_HANGUP_WATCH_HPP

#include <atomic>
#include <string>
#include <thread>

namespace cdc::io {

/// SIGHUP ends nothing and interrupts no call: a thread of its own takes it, and opens the file
/// behind stderr anew by its name, so that logrotate can move it away. Make one before any other
/// thread is started.
class HangupWatch {
public:
    HangupWatch();
    ~HangupWatch();
    HangupWatch(const HangupWatch&) = delete;
    HangupWatch& operator=(const HangupWatch&) = delete;

private:
    void run();

    std::string m_log; ///< path of the regular file that stderr is; "": it is none
    std::atomic<bool> m_stop{false};
    std::thread m_thread;
};

} // namespace cdc::io

#endif
