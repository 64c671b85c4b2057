#ifndef CDC_BASE_THREAD_HPP
#define CDC_BASE_THREAD_HPP

#include <functional>
#include <thread>

namespace cdc::base {

/// A thread that takes no signals: they are for the main thread, whose waits they end.
std::thread start_thread(std::function<void()> work);

} // namespace cdc::base

#endif
