#include "mysql/connection.hpp"

#include "io/file_descriptor.hpp"
#include "mysql/charset.hpp"

#include <mysql.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include <sys/socket.h>
#include <unistd.h>

namespace cdc::mysql {

using base::ExitCode;

namespace {

constexpr unsigned long kMaxPacket = 1UL << 30;
constexpr unsigned kFirstClientError = 2000;
constexpr unsigned kTlsError = 2026;

/// Numbers of the server's errors that another try may not meet.
bool may_pass(unsigned number) {
    switch (number) {
    case 1040: // too many connections
    case 1053: // server shutdown in progress
    case 1077: // normal shutdown
    case 1079: // shutdown complete
    case 1105: // unknown error
    case 1129: // host is blocked
    case 1152: // aborted connection
    case 1158: // network errors, up to 1161
    case 1159:
    case 1160:
    case 1161:
    case 1205: // lock wait timeout
    case 1213: // deadlock
    case 1317: // query interrupted
    case 1927: // connection was killed
        return true;
    case kTlsError:
    case 2059: // authentication plugin
    case 2061:
        return false;
    default:
        return number >= kFirstClientError;
    }
}

/// Of a way to log in that the library does not have: its number is that of a wrong password.
bool is_plugin_missing(std::string_view message) {
    return message.starts_with("Plugin ") &&
           message.find("could not be loaded") != std::string_view::npos;
}

void set(MYSQL* handle, mysql_option option, const std::string& text) {
    if (!text.empty()) {
        mysql_options(handle, option, text.c_str());
    }
}

/// The library holds the certificate's name against the host's with VERIFY_SERVER_CERT only; a
/// chain it verifies wherever a CA is given. ENFORCE alone is what others call preferred: where the
/// server has no TLS the library goes on without.
void set_tls(MYSQL* handle, const ServerAddress& address) {
    const std::string& mode = address.ssl_mode;
    if (mode == "disabled") {
        return;
    }
    set(handle, MYSQL_OPT_SSL_CA, address.ssl_ca);
    set(handle, MYSQL_OPT_SSL_CERT, address.ssl_cert);
    set(handle, MYSQL_OPT_SSL_KEY, address.ssl_key);
    if (mode.empty()) {
        return;
    }
    my_bool on = 1;
    mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on);
    if (mode == "verify-identity") {
        mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
    }
}

/// What the library does not refuse by itself.
void check_tls(MYSQL* handle, const ServerAddress& address, const std::string& description) {
    const std::string& mode = address.ssl_mode;
    if (mode.empty() || mode == "disabled" || mode == "preferred") {
        return;
    }
    if (mysql_get_ssl_cipher(handle) == nullptr) {
        throw ServerError{
            ExitCode::refused,
            fmt::format("cannot connect to {}: the server has no TLS, and ssl-mode is {}",
                        description, mode),
            kTlsError};
    }
    if (mode == "verify-ca" && handle->options.ssl_ca == nullptr &&
        handle->options.ssl_capath == nullptr) {
        throw ServerError{ExitCode::refused,
                          fmt::format("cannot connect to {}: ssl-mode verify-ca without a "
                                      "certificate authority",
                                      description),
                          kTlsError, "name it by ssl-ca"};
    }
}

} // namespace

void Connection::Close::operator()(st_mysql* handle) const {
    mysql_close(handle);
}

ServerError Connection::error(const std::string& what) const {
    const unsigned number = mysql_errno(m_handle.get());
    return {may_pass(number) ? ExitCode::failed : ExitCode::refused,
            fmt::format("{}: {}", what, mysql_error(m_handle.get())), number,
            is_plugin_missing(mysql_error(m_handle.get()))
                ? "the client library looks for its plugins in its own folder, or in "
                  "$MARIADB_PLUGIN_DIR"
                : ""};
}

Connection::Connection(const ServerAddress& address) : m_description{address.description()} {
    static std::once_flag once;
    std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
    m_handle.reset(mysql_init(nullptr));
    MYSQL* handle = m_handle.get();
    // The library takes one that is not there for an empty one. Files that are replaced may be away
    // for a moment, so that this is tried again where a password is.
    if (!address.defaults_file.empty() && ::access(address.defaults_file.c_str(), R_OK) != 0) {
        throw ServerError{ExitCode::refused,
                          fmt::format("cannot connect to {}: defaults-file {}: {}", m_description,
                                      base::in_quotes(address.defaults_file), std::strerror(errno)),
                          kAccessDenied};
    }
    set(handle, MYSQL_READ_DEFAULT_FILE, address.defaults_file);
    mysql_options(handle, MYSQL_READ_DEFAULT_GROUP, "cdc");
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &address.connect_timeout_s);
    mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &kMaxPacket);
    set_tls(handle, address);
    const auto text = [](const std::string& value) {
        return value.empty() ? nullptr : value.c_str();
    };
    if (mysql_real_connect(handle, text(address.host), text(address.user),
                           address.password ? address.password->c_str() : nullptr, nullptr,
                           address.port, text(address.socket), 0) == nullptr) {
        throw error(fmt::format("cannot connect to {}", m_description));
    }
    check_tls(handle, address, m_description);
    m_mariadb =
        std::string_view{mysql_get_server_info(handle)}.find("MariaDB") != std::string_view::npos;
    set_session();
}

/// What the server or its init_connect set for sessions, and what would change an answer or wait.
void Connection::set_session() {
    constexpr unsigned long kHidesGeneratedKeys = 80030;
    std::string settings = "SET autocommit=1, character_set_client=utf8mb4, "
                           "collation_connection=utf8mb4_general_ci, character_set_results=NULL, "
                           "net_write_timeout=3600, wait_timeout=31536000, sql_mode='', "
                           "sql_select_limit=18446744073709551615, time_zone='+00:00'";
    settings += m_mariadb ? ", max_statement_time=0, system_versioning_asof=DEFAULT"
                          : ", max_execution_time=0";
    if (!m_mariadb && version() >= kHidesGeneratedKeys) {
        settings += ", show_gipk_in_create_table_and_information_schema=1";
    }
    execute(settings);
}

unsigned long Connection::version() const {
    return mysql_get_server_version(m_handle.get());
}

void Connection::execute(const std::string& sql) {
    query(sql);
}

std::vector<Connection::Row> Connection::query(const std::string& sql) {
    MYSQL* handle = m_handle.get();
    if (mysql_real_query(handle, sql.data(), sql.size()) != 0) {
        throw error(fmt::format("{}: {}", m_description, base::in_quotes(sql)));
    }
    std::vector<Row> rows;
    MYSQL_RES* raw = mysql_store_result(handle);
    if (raw == nullptr) {
        if (mysql_errno(handle) != 0) {
            throw error(fmt::format("{}: {}", m_description, base::in_quotes(sql)));
        }
        return rows;
    }
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> result{raw, mysql_free_result};
    const unsigned width = mysql_num_fields(raw);
    const MYSQL_FIELD* fields = mysql_fetch_fields(raw);
    std::vector<const Charset*> charsets(width);
    for (unsigned i = 0; i < width; ++i) {
        charsets[i] = result_charset(static_cast<ColumnType>(fields[i].type), fields[i].charsetnr);
    }
    while (MYSQL_ROW row = mysql_fetch_row(raw)) {
        const unsigned long* lengths = mysql_fetch_lengths(raw);
        Row& out = rows.emplace_back();
        for (unsigned i = 0; i < width; ++i) {
            if (row[i] == nullptr) {
                out.emplace_back();
            } else if (charsets[i] == nullptr) {
                out.emplace_back(std::string{row[i], lengths[i]});
            } else {
                convert_text(out.emplace_back(std::string{}).value(), *charsets[i],
                             {row[i], lengths[i]}, fields[i].name);
            }
        }
    }
    return rows;
}

std::string Connection::value(const std::string& sql) {
    const auto rows = query(sql);
    return rows.empty() || rows[0].empty() ? "" : rows[0][0].value_or("");
}

std::string Connection::literal(std::string_view text) {
    std::string out(2 * text.size() + 1, '\0');
    out.resize(mysql_real_escape_string(m_handle.get(), out.data(), text.data(), text.size()));
    return "'" + out + "'";
}

void Connection::send_command(unsigned command, std::string_view argument, const char* from) {
    m_from = from;
    MYSQL* handle = m_handle.get();
    if (handle->methods->db_command(handle, static_cast<enum_server_command>(command),
                                    argument.data(), argument.size(), 1, nullptr) != 0) {
        throw error(fmt::format("cannot read {}{}", m_from, m_description));
    }
}

std::string_view Connection::read_packet() {
    MYSQL* handle = m_handle.get();
    const unsigned long size = mysql_net_read_packet(handle);
    if (size == packet_error) {
        throw error(m_from + m_description);
    }
    return {reinterpret_cast<const char*>(handle->net.read_pos), size};
}

bool Connection::wait_packet(int timeout_ms) {
    return io::wait_readable(static_cast<int>(mysql_get_socket(m_handle.get())), timeout_ms);
}

void Connection::shut_down() noexcept {
    ::shutdown(mysql_get_socket(m_handle.get()), SHUT_RDWR);
}

std::string quote_name(std::string_view name) {
    std::string out = "`";
    for (const char c : name) {
        out += c;
        if (c == '`') {
            out += c;
        }
    }
    return out + '`';
}

} // namespace cdc::mysql
