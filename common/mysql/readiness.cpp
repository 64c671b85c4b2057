#include "mysql/readiness.hpp"

#include "base/numbers.hpp"
#include "mysql/log_history.hpp"
#include "mysql/prepared_transactions.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace cdc::mysql {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr std::uint64_t kDaySeconds = 86400;
constexpr std::size_t kNamedTables = 5;

/// One look at a server: its findings, in the order in which they are told.
class Look {
public:
    Look(Connection& connection, const ServerAddress& address, const event::TableFilter& filter)
        : m_connection{connection}, m_address{address}, m_filter{filter} {}

    void server();
    void global_ids();
    void partial_json();
    void retention();
    void log(std::uint32_t server_id);
    void tables();
    void snapshots();

    std::vector<Finding> findings;

private:
    void good(std::string text) { findings.push_back({ExitCode::ok, std::move(text), "", true}); }
    void warn(std::string text, std::string remedy) {
        findings.push_back({ExitCode::ok, std::move(text), std::move(remedy)});
    }
    void refuse(std::string text, std::string remedy) {
        findings.push_back({ExitCode::refused, std::move(text), std::move(remedy)});
    }
    /// False: the right to do it is missing, which was told with `rights` as the way out.
    bool may(const std::string& what, const std::string& rights,
             const std::function<void()>& attempt);
    std::string grant(std::string_view rights, std::string_view on = "*.*");
    bool has_right(std::initializer_list<std::string_view> names);

    Connection& m_connection;
    const ServerAddress& m_address;
    const event::TableFilter& m_filter;
};

std::string Look::grant(std::string_view rights, std::string_view on) {
    const std::string account = m_connection.value("SELECT CURRENT_USER()");
    const std::size_t at = account.rfind('@');
    return fmt::format("GRANT {} ON {} TO {}@{};", rights, on,
                       m_connection.literal(account.substr(0, at)),
                       m_connection.literal(account.substr(at + 1)));
}

bool Look::may(const std::string& what, const std::string& rights,
               const std::function<void()>& attempt) {
    try {
        attempt();
        return true;
    } catch (const ServerError& error) {
        if (!is_right_missing(error)) {
            throw;
        }
        refuse(fmt::format("the user may not {}", what), grant(rights));
        return false;
    }
}

/// Whether a right on all tables is granted to the user, or to a role that it has now.
bool Look::has_right(std::initializer_list<std::string_view> names) {
    std::string sql = "SHOW GRANTS";
    if (!m_connection.is_mariadb()) {
        const std::string roles = m_connection.value("SELECT CURRENT_ROLE()");
        sql += roles == "NONE" ? "" : " FOR CURRENT_USER() USING " + roles;
    }
    for (const Connection::Row& row : m_connection.query(sql)) {
        const std::string text = row.at(0).value_or("");
        const std::size_t end = text.find(" ON *.*");
        if (end == std::string::npos || !text.starts_with("GRANT ")) {
            continue;
        }
        const std::string granted = "," + text.substr(5, end - 5) + ",";
        const auto has = [&granted](std::string_view name) {
            return granted.find(fmt::format(", {},", name)) != std::string::npos;
        };
        if (has("ALL PRIVILEGES") || std::any_of(names.begin(), names.end(), has)) {
            return true;
        }
    }
    return false;
}

void Look::server() {
    const unsigned long version = m_connection.version();
    good(fmt::format("server: {} {}.{}.{}, {}, as {}",
                     m_connection.is_mariadb() ? "MariaDB" : "MySQL", version / 10000,
                     version / 100 % 100, version % 100, in_quotes(identity(m_connection)),
                     m_connection.description()));
    if (variable(m_connection, "server_id") == "0") {
        refuse("server_id is 0: the server sends its log to nobody", "SET GLOBAL server_id=1");
    }
}

void Look::global_ids() {
    const bool mariadb = m_connection.is_mariadb();
    const std::string name = mariadb ? "gtid_strict_mode" : "gtid_mode";
    const std::string value = variable(m_connection, name);
    if (value == "ON") {
        good(fmt::format("{} is ON: the stream can go on at another server of the group", name));
    } else if (mariadb) {
        warn("gtid_strict_mode is OFF: global ids need not rise in the log, and a stream that goes "
             "on at another server may be refused",
             "SET GLOBAL gtid_strict_mode=ON");
    } else {
        warn(fmt::format("gtid_mode is {}: the stream goes on at this server only", value),
             "gtid_mode=ON with enforce_gtid_consistency=ON");
    }
}

void Look::partial_json() {
    if (variable(m_connection, "binlog_row_value_options").find("PARTIAL_JSON") ==
        std::string::npos) {
        return;
    }
    if (variable(m_connection, "binlog_row_image") == "FULL") {
        good("binlog_row_value_options is PARTIAL_JSON: what changed is applied to the value "
             "before");
    } else {
        warn(
            "binlog_row_value_options is PARTIAL_JSON without binlog_row_image=FULL: capture stops "
            "where the log lacks the value before",
            "SET GLOBAL binlog_row_image=FULL");
    }
}

void Look::retention() {
    const std::string days = variable(m_connection, "expire_logs_days");
    std::string seconds = variable(m_connection, "binlog_expire_logs_seconds");
    const std::string setting = seconds.empty() ? "expire_logs_days" : "binlog_expire_logs_seconds";
    std::uint64_t kept = base::parse_integer<std::uint64_t>(seconds).value_or(0);
    if (seconds.empty()) { // of MariaDB before 10.6; a fraction of a day is possible
        kept = static_cast<std::uint64_t>(std::strtod(days.c_str(), nullptr) *
                                          static_cast<double>(kDaySeconds));
    }
    if (kept == 0 || variable(m_connection, "binlog_expire_logs_auto_purge") == "OFF") {
        good("log: no file is removed for its age");
    } else if (kept < kDaySeconds) {
        warn(fmt::format("{} is {}: a capture that stands still for more than {} minutes loses its "
                         "place (exit status 3)",
                         setting, seconds.empty() ? days : seconds, kept / 60),
             fmt::format("SET GLOBAL {}={}", setting,
                         seconds.empty() ? "7" : std::to_string(7 * kDaySeconds)));
    } else {
        good(fmt::format("log: files are kept for {} days", kept / kDaySeconds));
    }
    const std::string most = variable(m_connection, "max_binlog_total_size");
    if (!most.empty() && most != "0") {
        warn(fmt::format("max_binlog_total_size is {}: older files are removed whatever their age, "
                         "and a capture that is behind by more loses its place (exit status 3)",
                         most),
             "SET GLOBAL max_binlog_total_size=0");
    }
}

void Look::log(std::uint32_t server_id) {
    LogEnd end;
    const bool seen =
        may("ask about the log",
            m_connection.is_mariadb() ? "BINLOG MONITOR" : "REPLICATION CLIENT", [&] {
                end = log_end(m_connection);
                const auto files = log_files(m_connection);
                std::uint64_t bytes = 0;
                for (const LogFile& file : files) {
                    bytes += file.size;
                }
                good(fmt::format("log: {} files from {} on, {} MB, up to {}", files.size(),
                                 files.empty() ? "" : files.front().name, bytes >> 20,
                                 end.position.text()));
            });
    if (seen) {
        may("read the log", "REPLICATION SLAVE",
            [&] { log_state(m_connection, m_address, server_id, end.position.file); });
    }
}

void Look::tables() {
    std::size_t captured = 0;
    std::vector<std::string> hidden;
    std::string database;
    for (const event::PresentTable& table : present_tables(m_connection, m_address.database)) {
        if (!m_filter.matches(table.schema, table.table)) {
            continue;
        }
        ++captured;
        try {
            m_connection.execute(fmt::format("SELECT 1 FROM {}.{} LIMIT 0",
                                             quote_name(table.schema), quote_name(table.table)));
        } catch (const ServerError& error) {
            if (!is_right_missing(error)) {
                throw;
            }
            hidden.push_back(table.schema + "." + table.table);
            database = table.schema;
        }
    }
    if (!hidden.empty()) {
        std::string names;
        for (std::size_t i = 0; i < std::min(hidden.size(), kNamedTables); ++i) {
            names += (i == 0 ? "" : ", ") + in_quotes(hidden[i]);
        }
        refuse(fmt::format("the user may not read {} tables: {}{}", hidden.size(), names,
                           hidden.size() > kNamedTables ? ", …" : ""),
               grant("SELECT", quote_name(database) + ".*"));
    } else if (captured == 0) {
        warn("the user sees no table to capture", grant("SELECT"));
    } else {
        good(fmt::format("tables: {} to capture", captured));
    }
}

void Look::snapshots() {
    if (has_right({"RELOAD", "FLUSH_TABLES"})) {
        good(m_connection.is_mariadb()
                 ? "snapshots: by several connections, commits are locked for a moment"
                 : "snapshots: exact, writes are locked for a moment");
    } else if (m_connection.is_mariadb()) {
        warn("without RELOAD one connection reads a snapshot", grant("RELOAD"));
    } else {
        warn("without RELOAD a snapshot locks nothing: some changes come a second time in the "
             "stream, and a table without key needs LOCK TABLES",
             grant("RELOAD"));
    }
    // What it may not ask it warns of.
    if (const auto xid = PreparedTransactions{m_connection}.any()) {
        warn(fmt::format("XA transaction {} is prepared: a snapshot waits for its end",
                         in_quotes(*xid)),
             "XA COMMIT or XA ROLLBACK of it");
    }
}

} // namespace

std::vector<Finding> readiness(Connection& connection, const ServerAddress& address,
                               const event::TableFilter& filter, std::uint32_t server_id) {
    Look look{connection, address, filter};
    look.server();
    if (variable(connection, "log_bin") == "ON") {
        look.global_ids();
        look.partial_json();
        look.retention();
        look.log(server_id);
    }
    look.tables();
    look.snapshots();
    return std::move(look.findings);
}

} // namespace cdc::mysql
