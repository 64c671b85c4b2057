#ifndef CDC_LOAD_TABLE_WRITER_HPP
#define CDC_LOAD_TABLE_WRITER_HPP

#include "cdc-load/resolver.hpp"
#include "cdc-load/table_loader.hpp"
#include "cdc-load/work.hpp"
#include "clickhouse/retry.hpp"
#include "clickhouse/transport.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace cdc::load {

/// Stores what a batch has for one table, over a connection that no other thread uses meanwhile.
class TableWriter {
public:
    /// `insert_rows` are the most rows of one insert; it is halved when the target's memory is
    /// short. Writers share it.
    TableWriter(clickhouse::Transport& transport, std::size_t batch_bytes,
                const clickhouse::RetryPolicy& retry, std::atomic<std::size_t>& insert_rows)
        : m_transport{transport}, m_retry{retry}, m_insert_rows{insert_rows}, m_resolver{
                                                                                  transport,
                                                                                  batch_bytes} {}

    /// Rows, then waiting updates. Repeats what fails for a time; throws ServerError.
    void store(TableLoader& table, const TableWork& work);
    /// The rows from `from` to before `to` alone.
    void insert_rows(const TableLoader& table, const clickhouse::RowBatch& rows, std::size_t from,
                     std::size_t to);
    /// The waiting updates alone.
    void resolve(TableLoader& table, const TableWork& work);
    /// Completes updates that wait in the target from rows that another loader brought.
    void resolve_stored(TableLoader& table, event::Order barrier);
    Resolver& resolver() { return m_resolver; }

private:
    Resolver::Insert inserter();
    void ask(const TableLoader& table, const std::function<void()>& question);
    void insert_range(const TableLoader& table, const clickhouse::RowBatch& rows, std::size_t from,
                      std::size_t count);
    void check_columns(const TableLoader& table, const clickhouse::ServerError& error);

    clickhouse::Transport& m_transport;
    const clickhouse::RetryPolicy& m_retry;
    std::atomic<std::size_t>& m_insert_rows;
    Resolver m_resolver;
    std::vector<std::string_view> m_pieces;
};

} // namespace cdc::load

#endif
