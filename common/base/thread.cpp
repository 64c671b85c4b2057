#include "base/thread.hpp"

#include <csignal>
#include <utility>

namespace cdc::base {

std::thread start_thread(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before); // which the thread inherits
    std::thread thread{std::move(work)};
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
}

} // namespace cdc::base
