#include "io/hangup_watch.hpp"

#include "io/file_descriptor.hpp"

#include <csignal>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::io {

namespace {

std::string path_of_stderr() {
    struct stat status {};
    char path[4096];
    const ssize_t size = ::readlink("/proc/self/fd/2", path, sizeof(path));
    const bool regular = ::fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    return regular && size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string{};
}

sigset_t hangup_set() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    return set;
}

} // namespace

HangupWatch::HangupWatch() : m_log{path_of_stderr()} {
    const sigset_t hangup = hangup_set();
    ::pthread_sigmask(SIG_BLOCK, &hangup, nullptr);
    m_thread = std::thread{[this] {
        run();
    }};
}

HangupWatch::~HangupWatch() {
    m_stop = true;
    ::pthread_kill(m_thread.native_handle(), SIGHUP);
    m_thread.join();
}

void HangupWatch::run() {
    // The signals of stopping are for the main thread.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    const sigset_t hangup = hangup_set();
    while (true) {
        int signal = 0;
        if (::sigwait(&hangup, &signal) != 0 || m_stop) {
            return;
        }
        if (m_log.empty()) {
            continue;
        }
        // Where the new one cannot be opened, the old one is written on.
        const FileDescriptor fresh{
            ::open(m_log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
        if (fresh) {
            ::dup2(fresh.get(), STDERR_FILENO);
        }
    }
}

} // namespace cdc::io
