#ifndef CDC_MYSQL_CONNECTION_HPP
#define CDC_MYSQL_CONNECTION_HPP

#include "base/error.hpp"
#include "source/server_error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct st_mysql;

namespace cdc::mysql {

/// How a server is reached: mysql://user:password@host:port/database?ssl-ca=FILE&…, mariadb://… for
/// the same. What the URL leaves out comes from the [client] and [cdc] groups of the usual option
/// files (.my.cnf). Parameters: socket, ssl-mode (disabled, preferred, required, verify-ca,
/// verify-identity), ssl-ca, ssl-cert, ssl-key, defaults-file, connect-timeout.
struct ServerAddress {
    std::string host;
    unsigned port = 0;
    std::string user;
    std::optional<std::string> password;
    std::string database;
    std::string socket;
    std::string ssl_mode;
    std::string ssl_ca;
    std::string ssl_cert;
    std::string ssl_key;
    std::string defaults_file;
    unsigned connect_timeout_s = 10;

    /// For messages: "user@host:port", never the password.
    std::string description() const;
};

bool is_mysql_url(std::string_view url);
/// Throws Error (usage); no password is in the message.
ServerAddress parse_url(std::string_view url);

/// What the server, or the way to it, refused. code(): failed for what may pass (connection lost,
/// server going down, too many connections), refused for rights and settings.
class ServerError : public source::ServerError {
public:
    ServerError(base::ExitCode code, const std::string& message, unsigned number,
                std::string hint = {})
        : source::ServerError{code, message, std::move(hint)}, m_number{number} {}
    /// The server's number of the error; from 2000 on the client library's.
    unsigned number() const { return m_number; }

private:
    unsigned m_number;
};

/// The number of a refused login.
constexpr unsigned kAccessDenied = 1045;

/// One session, with its time zone UTC. Statements are UTF-8; results come in the charsets of their
/// columns, since a server that converts them puts '?' for what a charset does not define.
class Connection {
public:
    explicit Connection(const ServerAddress& address);

    using Row = std::vector<std::optional<std::string>>;
    /// Text as UTF-8. Throws ServerError, Error (bad_data: it is not text in its charset).
    std::vector<Row> query(const std::string& sql);
    /// The first value of the first row; "" where there is none or it is NULL.
    std::string value(const std::string& sql);
    void execute(const std::string& sql);
    /// `text` as an SQL literal.
    std::string literal(std::string_view text);

    bool is_mariadb() const { return m_mariadb; }
    unsigned long version() const; ///< 80031, 101106
    const std::string& description() const { return m_description; }

    // For the binary log's dump and RowQuery. `from` is what errors call that which is read: "the
    // binary log of ".
    void send_command(unsigned command, std::string_view argument, const char* from = "");
    /// The next packet of the answer, waiting for it; valid until the next call. Throws
    /// ServerError.
    std::string_view read_packet();
    /// Waits for a packet at most so long; false: none came.
    bool wait_packet(int timeout_ms);
    /// Wakes a read_packet() in another thread, which fails.
    void shut_down() noexcept;

private:
    void set_session();
    ServerError error(const std::string& what) const;

    struct Close {
        void operator()(st_mysql* handle) const;
    };
    std::unique_ptr<st_mysql, Close> m_handle;
    std::string m_description;
    const char* m_from = "";
    bool m_mariadb = false;
};

/// An identifier in backticks.
std::string quote_name(std::string_view name);

} // namespace cdc::mysql

#endif
