#ifndef CDC_CLICKHOUSE_TRANSPORT_HPP
#define CDC_CLICKHOUSE_TRANSPORT_HPP

#include "base/error.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::clickhouse {

/// What ClickHouse, or the way to it, answered. `server_code` is ClickHouse's error number; 0 when
/// the answer did not come from the server (connection, timeout). `transient`: the same request
/// may succeed later (retry.hpp says which are).
class ServerError : public base::Error {
public:
    ServerError(base::ExitCode code, const std::string& message, std::string hint, int server_code,
                bool transient)
        : base::Error{code, message, std::move(hint)}, m_server_code{server_code}, m_transient{
                                                                                       transient} {}

    int server_code() const noexcept { return m_server_code; }
    bool transient() const noexcept { return m_transient; }

private:
    int m_server_code;
    bool m_transient;
};

/// One connection to one database: one request at a time, from one thread at a time. An interface
/// because there are two ways to the engine, and tests have a third.
class Transport {
public:
    virtual ~Transport() = default;

    /// Runs a statement that gives no rows. All functions throw ServerError.
    virtual void execute(std::string_view sql) = 0;
    /// Runs a SELECT and gives its result in `format`, whole.
    virtual std::string query(std::string_view sql, std::string_view format) = 0;
    /// `into` is "INSERT INTO t (a, b)"; `rows`, one after the other, are its data in `format`.
    /// Returns when the server has stored them. Rows never travel inside SQL.
    virtual void insert(std::string_view into, std::string_view format,
                        std::span<const std::string_view> rows) = 0;
    /// Asks for no merges of stored rows while many more are inserted, until release_merges() or
    /// the next execute(). Only of a target that is nobody else's; and of none where parts wait.
    virtual void hold_merges() {}
    virtual void release_merges() {}
    /// For messages: the target without its password.
    virtual const std::string& name() const = 0;
    /// One more connection to the same database, for another thread; nullptr: there is only one.
    virtual std::unique_ptr<Transport> another() { return nullptr; }
};

/// Rows of a TabSeparated result, unescaped; NULL is an empty text.
std::vector<std::vector<std::string>> parse_tsv(std::string_view text);

struct TransportOptions {
    std::string chdb_library;                  ///< "": found by itself
    std::int64_t request_timeout_ms = 300'000; ///< of one HTTP request
};

/// `chdb:DIR` or `http(s)://user:password@host:port/database`. Opens nothing over HTTP; opens the
/// folder of chdb:. Throws Error: usage when the URL is neither, else ServerError.
std::unique_ptr<Transport> open_transport(const std::string& url, const TransportOptions& options);

} // namespace cdc::clickhouse

#endif
