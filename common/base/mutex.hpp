#ifndef CDC_BASE_MUTEX_HPP
#define CDC_BASE_MUTEX_HPP

#include <chrono>
#include <condition_variable>
#include <mutex>

// What clang's -Wthread-safety holds us to; nothing to other compilers.
#if defined(__clang__)
#define CDC_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CDC_THREAD_ATTRIBUTE(x)
#endif

/// A member that only who holds the mutex may read or write.
#define CDC_GUARDED_BY(mutex) CDC_THREAD_ATTRIBUTE(guarded_by(mutex))
/// A function that only who holds the mutex may call.
#define CDC_REQUIRES(...) CDC_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
/// A function that takes the mutex itself: who holds it must not call it.
#define CDC_EXCLUDES(...) CDC_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace cdc::base {

/// std::mutex, which libstdc++ has without the attributes. Locked by MutexLock alone.
class CDC_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
public:
    Mutex() = default;
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

private:
    friend class MutexLock;
    std::mutex m_mutex;
};

/// Holds a mutex as long as it lives. A wait stands in a loop over its condition, which the
/// compiler then sees under the lock; it does not look into a predicate.
class CDC_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) CDC_THREAD_ATTRIBUTE(acquire_capability(mutex))
        : m_lock{mutex.m_mutex} {}
    ~MutexLock() CDC_THREAD_ATTRIBUTE(release_capability()) {}
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

    /// May return without a reason.
    void wait(std::condition_variable& changed) { changed.wait(m_lock); }
    /// False: the time is over. The kernel puts a thread to sleep also for a time that is over.
    bool wait_until(std::condition_variable& changed,
                    std::chrono::steady_clock::time_point deadline) {
        return std::chrono::steady_clock::now() < deadline &&
               changed.wait_until(m_lock, deadline) == std::cv_status::no_timeout;
    }

private:
    std::unique_lock<std::mutex> m_lock;
};

} // namespace cdc::base

#endif
