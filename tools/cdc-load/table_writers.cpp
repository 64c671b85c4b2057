#include "cdc-load/table_writers.hpp"

#include <algorithm>
#include <thread>

namespace cdc::load {

TableWriters::TableWriters(clickhouse::Transport& transport, const Options& options,
                           const clickhouse::RetryPolicy& retry)
    : m_retry{retry} {
    m_retry.speech = &m_speech;
    m_retry.abandoned = [this] {
        return m_failed.load();
    };
    while (m_connections.size() + 1 < options.insert_jobs) {
        auto other = transport.another();
        if (other == nullptr) {
            break;
        }
        m_connections.push_back(std::move(other));
    }
    // Together they hold no more than one alone would.
    const std::size_t bytes =
        static_cast<std::size_t>(options.batch_bytes) / (m_connections.size() + 1);
    m_writers.push_back(std::make_unique<TableWriter>(transport, bytes, m_retry, m_insert_rows));
    for (const auto& connection : m_connections) {
        m_writers.push_back(
            std::make_unique<TableWriter>(*connection, bytes, m_retry, m_insert_rows));
    }
}

void TableWriters::run(std::size_t count,
                       const std::function<void(TableWriter&, std::size_t)>& store) {
    m_next = 0;
    m_failed = false;
    m_speech.warned_ms = 0;
    m_speech.waiting = false;
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < std::min(m_writers.size(), count); ++i) {
        threads.emplace_back([&, i] { work(*m_writers[i], count, store); });
    }
    work(first(), count, store);
    for (std::thread& thread : threads) {
        thread.join();
    }
    if (m_failed) {
        const base::MutexLock lock{m_mutex};
        std::rethrow_exception(std::exchange(m_error, nullptr));
    }
}

void TableWriters::work(TableWriter& writer, std::size_t count,
                        const std::function<void(TableWriter&, std::size_t)>& store) {
    for (std::size_t number = m_next++; number < count && !m_failed; number = m_next++) {
        try {
            store(writer, number);
        } catch (...) {
            const base::MutexLock lock{m_mutex};
            if (!m_failed.exchange(true)) {
                m_error = std::current_exception();
            }
        }
    }
}

} // namespace cdc::load
