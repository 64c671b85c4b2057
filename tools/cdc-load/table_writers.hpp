#ifndef CDC_LOAD_TABLE_WRITERS_HPP
#define CDC_LOAD_TABLE_WRITERS_HPP

#include "base/mutex.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/table_writer.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/transport.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

namespace cdc::load {

/// Writers with a connection each, so that several tables are stored at once. The first has the
/// loader's own connection.
class TableWriters {
public:
    /// Opens the other connections: before there are other threads, see Chdb::another().
    TableWriters(clickhouse::Transport& transport, const Options& options,
                 const clickhouse::RetryPolicy& retry);

    TableWriter& first() { return *m_writers.front(); }
    std::size_t count() const { return m_writers.size(); }

    /// Calls `store` for each number below `count`, from as many threads as there are writers, and
    /// returns when all calls have returned. After the first one that throws no other begins, those
    /// that wait for the target end, and it is thrown.
    void run(std::size_t count, const std::function<void(TableWriter&, std::size_t)>& store);

private:
    /// One thread's share of a run.
    void work(TableWriter& writer, std::size_t count,
              const std::function<void(TableWriter&, std::size_t)>& store);

    clickhouse::RetrySpeech m_speech;
    clickhouse::RetryPolicy m_retry;
    std::atomic<std::size_t> m_insert_rows = SIZE_MAX;
    std::vector<std::unique_ptr<clickhouse::Transport>> m_connections; ///< but the first's
    std::vector<std::unique_ptr<TableWriter>> m_writers;

    // Of the run under way.
    std::atomic<std::size_t> m_next{0};
    std::atomic<bool> m_failed{false};
    base::Mutex m_mutex;
    std::exception_ptr m_error CDC_GUARDED_BY(m_mutex); ///< the first
};

} // namespace cdc::load

#endif
