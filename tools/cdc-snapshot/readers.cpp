#include "cdc-snapshot/readers.hpp"

#include "base/thread.hpp"

namespace cdc::snapshot {

Readers::Readers(Output& output, int jobs, std::function<void(int)> work)
    : m_output{&output}, m_work{std::move(work)}, m_running{jobs} {
    for (int i = 0; i < jobs; ++i) {
        m_threads.push_back(base::start_thread([this, i] { this->work(i); }));
    }
}

Readers::~Readers() {
    m_output->stop();
    join();
}

void Readers::join() {
    for (std::thread& thread : m_threads) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

void Readers::work(int number) {
    try {
        m_work(number);
    } catch (const Stopped&) {
        // somebody else knows why
    } catch (...) {
        const std::lock_guard lock{m_mutex};
        if (m_error == nullptr) {
            m_error = std::current_exception();
        }
        m_output->stop();
    }
    --m_running;
}

} // namespace cdc::snapshot
