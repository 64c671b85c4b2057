#ifndef CDC_POSTGRES_CONNECTION_HPP
#define CDC_POSTGRES_CONNECTION_HPP

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "source/server_error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace cdc::postgres {

/// What the server (or the connection to it) refused. code() is `failed` where a new connection or
/// a later try may help, `refused` where it will not.
class ServerError : public source::ServerError {
public:
    ServerError(base::ExitCode code, const std::string& message, std::string sqlstate,
                std::string hint = {}, bool absent = false)
        : source::ServerError{code, message, std::move(hint)},
          m_sqlstate{std::move(sqlstate)}, m_absent{absent} {}

    /// Five characters; empty when the connection itself failed.
    const std::string& sqlstate() const noexcept { return m_sqlstate; }
    /// A connection was refused, or to a name that is not found, or the server is starting up.
    bool absent() const noexcept { return m_absent; }

private:
    std::string m_sqlstate;
    bool m_absent;
};

/// `failed` for the classes of errors that pass by themselves (connection, resources, shutdown,
/// conflicts), `bad_data` for bytes that the server cannot give as UTF-8, else `refused`.
base::ExitCode exit_code_of_sqlstate(std::string_view sqlstate);

/// Rows of one reply.
class Result {
public:
    explicit Result(pg_result* result) : m_result{result} {}

    int rows() const;
    int columns() const;
    bool is_null(int row, int column) const;
    /// The server's text; empty for NULL. Valid as long as the Result.
    std::string_view text(int row, int column) const;
    /// The text as a number of type T. Throws Error (failed) where it is none.
    template<typename T>
    T number(int row, int column) const {
        if (const auto value = base::parse_integer<T>(text(row, column))) {
            return *value;
        }
        throw no_number(text(row, column));
    }
    const pg_result* raw() const noexcept { return m_result.get(); }

private:
    static base::Error no_number(std::string_view text);
    struct Clear {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Clear> m_result;
};

/// A connection whose session writes values in the one form that the value codec reads, whatever
/// environment, role and database say (session_settings.hpp). The only place that opens libpq
/// connections.
class Connection {
public:
    enum class Kind {
        plain,
        replication, ///< also takes replication commands; simple queries only
    };

    /// `source` is a libpq URI or "key=value" text; what it leaves out comes from libpq's own
    /// environment and files. Throws ServerError, or io::Stopped when a signal came meanwhile; no
    /// message ever holds the password.
    Connection(const std::string& source, Kind kind);

    /// Runs one statement. Parameters are text; $1 is the first. While the server works,
    /// set_on_wait()'s function is called at least every 100 ms, and may throw; where none was set
    /// (an empty one counts), the first signal ends the wait, else the second. Throws ServerError,
    /// io::Stopped. `types`: numbers of the parameters' types; none: the server finds them out.
    Result query(const std::string& sql, const std::vector<std::string>& parameters = {},
                 const std::vector<std::uint32_t>& types = {});
    /// The same for a statement that is asked again and again, with other parameters: the server
    /// reads and plans it once a connection, which for those about the catalog takes longer than
    /// the answer. From then on the server plans every statement of the connection without a look
    /// at its parameters.
    Result query_planned(const std::string& sql, const std::vector<std::string>& parameters);
    /// query() for answers that are too large to hold: `take` is called with each row, as a result
    /// of one row, as it comes. What `take` throws ends the connection's use.
    void query_rows(const std::string& sql, const std::vector<std::string>& parameters,
                    const std::function<void(const Result&)>& take);
    /// Asks the server to end the statement that runs there, which goes on by itself when only the
    /// connection is left. Waits for the server's ear, but not for long.
    void cancel() const;
    void set_on_wait(std::function<void()> on_wait) { m_on_wait = std::move(on_wait); }

    /// Called with SQLSTATE and words of each warning of the server; empty: they are dropped.
    void set_on_warning(std::function<void(const std::string&, const std::string&)> on_warning);

    /// 150004
    int server_version() const;
    std::string database() const;
    /// A setting that the server reports by itself: "server_encoding"; empty if it does not.
    std::string parameter(const char* name) const;
    /// For people: "'inventory' at 127.0.0.1:5432".
    std::string description() const;
    std::string quoted_name(std::string_view name) const;
    std::string quoted_text(std::string_view text) const;

    pg_conn* raw() const noexcept { return m_connection.get(); }
    /// The error that the server or libpq reported last; `what` is the start of the message.
    ServerError error(const std::string& what, const pg_result* result = nullptr) const;

private:
    struct Finish {
        void operator()(pg_conn* connection) const;
    };
    void send(const std::string& sql, const std::vector<std::string>& parameters,
              const std::vector<std::uint32_t>& types);
    Result last_result();
    const std::string& prepared(const std::string& sql);
    /// Waits for the next result of the statement; nothing behind the last one.
    std::optional<Result> next_result();
    /// Throws the error that the result is, if it is one.
    void check(const Result& result) const;
    [[noreturn]] static void stop_waiting();
    static void stop_when_asked();

    struct Warnings {
        std::function<void(const std::string&, const std::string&)> call;
    };
    static void receive_notice(void* warnings, const pg_result* notice);

    std::unique_ptr<Warnings> m_warnings = std::make_unique<Warnings>(); ///< libpq has its address
    std::unique_ptr<pg_conn, Finish> m_connection;
    std::function<void()> m_on_wait = stop_when_asked;
    std::map<std::string, std::string> m_prepared; ///< names by statement
};

/// A first connection, to see that the server is there: tried until it is, `wait_ms` long. Throws
/// ServerError, at once where the server is there and refuses; io::Stopped.
void await_server(const std::string& source, std::int64_t wait_ms);

} // namespace cdc::postgres

#endif
