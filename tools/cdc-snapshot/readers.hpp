#ifndef CDC_SNAPSHOT_READERS_HPP
#define CDC_SNAPSHOT_READERS_HPP

#include "cdc-snapshot/output.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cdc::snapshot {

/// The readers' threads; the first error of any stops all.
class Readers {
public:
    /// `work` is called with the number of the reader, from 0, in its thread.
    Readers(Output& output, int jobs, std::function<void(int)> work);
    ~Readers();
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    bool running() const { return m_running > 0; }
    void join();
    /// After join(): what went wrong first, if anything did.
    std::exception_ptr error() const { return m_error; }

private:
    void work(int number);

    Output* m_output;
    std::function<void(int)> m_work;
    std::vector<std::thread> m_threads;
    std::atomic<int> m_running;
    std::mutex m_mutex;
    std::exception_ptr m_error;
};

} // namespace cdc::snapshot

#endif
