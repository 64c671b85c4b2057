#include "postgres/connection.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "postgres/connect.hpp"
#include "postgres/session_settings.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cerrno> // program_invocation_short_name
#include <chrono>
#include <future>
#include <thread>

#include <poll.h>

namespace cdc::postgres {

using base::ExitCode;

namespace {

constexpr char kNoRight[] = "42501";
constexpr int kWaitStepMs = 100;
constexpr std::int64_t kFirstPauseMs = 100;
constexpr std::int64_t kLongestPauseMs = 2000;
constexpr std::chrono::seconds kCancelWait{2};

/// libpq's messages end in a newline, and long ones have several.
std::string one_line(const char* message) {
    std::string out;
    for (const char* at = message; *at != '\0'; ++at) {
        out += *at == '\n' ? ' ' : *at;
    }
    out.erase(std::find_if(out.rbegin(), out.rend(), [](char c) { return c != ' '; }).base(),
              out.end());
    return out;
}

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

void check_source(const std::string& source) {
    char* message = nullptr;
    const Options options{PQconninfoParse(source.c_str(), &message)};
    // libpq's message would quote parts of the text, which may be the password.
    PQfreemem(message);
    if (!options) {
        throw base::Error{ExitCode::usage, "the source is not a connection string that libpq reads",
                          "postgresql://USER@HOST:PORT/DATABASE, or host=… dbname=…; special "
                          "characters in a URI as %XX"};
    }
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> out;
    out.reserve(texts.size());
    for (const std::string& text : texts) {
        out.push_back(text.c_str());
    }
    return out;
}

constexpr std::string_view kNotText = "22021";         // a database of encoding SQL_ASCII
constexpr std::string_view kNoSuchCharacter = "22P05"; // of another encoding

} // namespace

ExitCode exit_code_of_sqlstate(std::string_view sqlstate) {
    // 08 connection, 25 (idle timeouts), 40 rollback, 53 resources, 57 shutdown and cancel,
    // 58 system, XX internal; 55006 in use, 55P03 lock not available.
    if (sqlstate == kNotText || sqlstate == kNoSuchCharacter) {
        return ExitCode::bad_data;
    }
    static constexpr std::string_view kPassing[] = {"08", "25", "40", "53", "57", "58", "XX"};
    const bool passing = sqlstate.empty() || sqlstate == "55006" || sqlstate == "55P03" ||
                         std::find(std::begin(kPassing), std::end(kPassing),
                                   sqlstate.substr(0, 2)) != std::end(kPassing);
    return passing ? ExitCode::failed : ExitCode::refused;
}

void Result::Clear::operator()(pg_result* result) const {
    PQclear(result);
}

int Result::rows() const {
    return PQntuples(m_result.get());
}

int Result::columns() const {
    return PQnfields(m_result.get());
}

bool Result::is_null(int row, int column) const {
    return PQgetisnull(m_result.get(), row, column) != 0;
}

std::string_view Result::text(int row, int column) const {
    return {PQgetvalue(m_result.get(), row, column),
            static_cast<std::size_t>(PQgetlength(m_result.get(), row, column))};
}

base::Error Result::no_number(std::string_view text) {
    return base::Error{
        base::ExitCode::failed,
        fmt::format("the catalog answered {} where a number belongs", base::in_quotes(text))};
}

void Connection::Finish::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

Connection::Connection(const std::string& source, Kind kind) {
    check_source(source);
    // Earlier entries are defaults; those behind dbname, which is expanded, override it.
    ConnectionParameters parameters{{"connect_timeout", "10"},
                                    {"keepalives_idle", "30"},
                                    {"keepalives_interval", "10"},
                                    {"keepalives_count", "3"},
                                    {"tcp_user_timeout", "60000"},
                                    {"fallback_application_name", program_invocation_short_name},
                                    {"dbname", source},
                                    {"client_encoding", "UTF8"}};
    if (kind == Kind::replication) {
        parameters.emplace_back("replication", "database");
    }
    Login login = log_in(parameters);
    m_connection.reset(login.connection);
    if (!login.error.empty()) {
        const bool no_right = kind == Kind::replication && login.sqlstate == kNoRight;
        throw ServerError{exit_code_of_sqlstate(login.sqlstate),
                          "cannot connect to the source: " + login.error, login.sqlstate,
                          no_right ? "ALTER ROLE … REPLICATION; cdc-capture --check says what else "
                                     "is missing"
                                   : "",
                          login.absent};
    }
    PQsetNoticeReceiver(raw(), &Connection::receive_notice, m_warnings.get());
    apply_session_settings(*this);
}

void Connection::stop_waiting() {
    throw io::Stopped{"the source worked on a statement"};
}

void Connection::stop_when_asked() {
    if (io::stop_signal::requested()) {
        stop_waiting();
    }
}

void Connection::set_on_warning(
    std::function<void(const std::string&, const std::string&)> on_warning) {
    m_warnings->call = std::move(on_warning);
}

void Connection::receive_notice(void* warnings, const pg_result* notice) {
    const auto field = [notice](int code) {
        const char* text = PQresultErrorField(notice, code);
        return std::string{text != nullptr ? text : ""};
    };
    const auto& call = static_cast<Warnings*>(warnings)->call;
    if (call && field(PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING") {
        call(field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY));
    }
}

void Connection::send(const std::string& sql, const std::vector<std::string>& parameters,
                      const std::vector<std::uint32_t>& types) {
    const std::vector<const char*> values = pointers(parameters);
    const int sent = parameters.empty()
                         ? PQsendQuery(raw(), sql.c_str())
                         : PQsendQueryParams(raw(), sql.c_str(), static_cast<int>(values.size()),
                                             types.empty() ? nullptr : types.data(), values.data(),
                                             nullptr, nullptr, 0);
    if (sent == 0) {
        throw error("cannot send a query");
    }
}

std::optional<Result> Connection::next_result() {
    while (PQisBusy(raw()) != 0) {
        pollfd socket{PQsocket(raw()), POLLIN, 0};
        ::poll(&socket, 1, kWaitStepMs);
        if (m_on_wait) {
            m_on_wait();
        }
        if (io::stop_signal::count() > 1) {
            stop_waiting();
        }
        if (PQconsumeInput(raw()) == 0) {
            throw error("lost the connection");
        }
    }
    pg_result* const next = PQgetResult(raw());
    return next != nullptr ? std::optional<Result>{Result{next}} : std::nullopt;
}

void Connection::check(const Result& result) const {
    switch (PQresultStatus(result.raw())) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_COMMAND_OK:
    case PGRES_COPY_BOTH:
    case PGRES_COPY_OUT:
        return;
    default:
        throw error("the source refused a command", result.raw());
    }
}

Result Connection::query(const std::string& sql, const std::vector<std::string>& parameters,
                         const std::vector<std::uint32_t>& types) {
    send(sql, parameters, types);
    return last_result();
}

Result Connection::query_planned(const std::string& sql,
                                 const std::vector<std::string>& parameters) {
    const std::string& name = prepared(sql);
    const std::vector<const char*> values = pointers(parameters);
    if (PQsendQueryPrepared(raw(), name.c_str(), static_cast<int>(values.size()), values.data(),
                            nullptr, nullptr, 0) == 0) {
        throw error("cannot send a query");
    }
    return last_result();
}

/// The name of the statement, which the server knows from here on.
const std::string& Connection::prepared(const std::string& sql) {
    const auto known = m_prepared.find(sql);
    if (known != m_prepared.end()) {
        return known->second;
    }
    if (m_prepared.empty()) {
        // Else the server plans most of them at each execution.
        query("SET plan_cache_mode = force_generic_plan");
    }
    std::string name = "cdc_" + std::to_string(m_prepared.size() + 1);
    if (PQsendPrepare(raw(), name.c_str(), sql.c_str(), 0, nullptr) == 0) {
        throw error("cannot send a query");
    }
    last_result();
    return m_prepared.emplace(sql, std::move(name)).first->second;
}

Result Connection::last_result() {
    Result last{nullptr};
    while (auto next = next_result()) {
        last = *std::move(next);
        const auto status = PQresultStatus(last.raw());
        if (status == PGRES_COPY_BOTH || status == PGRES_COPY_OUT) {
            break;
        }
    }
    check(last);
    return last;
}

void Connection::query_rows(const std::string& sql, const std::vector<std::string>& parameters,
                            const std::function<void(const Result&)>& take) {
    send(sql, parameters, {});
    PQsetSingleRowMode(raw());
    Result last{nullptr};
    while (auto next = next_result()) {
        last = *std::move(next);
        if (PQresultStatus(last.raw()) == PGRES_SINGLE_TUPLE) {
            take(last);
        }
    }
    check(last);
}

void Connection::cancel() const {
    const std::shared_ptr<PGcancel> handle{PQgetCancel(raw()), &PQfreeCancel};
    if (!handle) {
        return;
    }
    // PQcancel() has no limit of its own, and the server may be silent.
    std::packaged_task<void()> request{[handle] {
        char message[256];
        PQcancel(handle.get(), message, sizeof(message));
    }};
    const std::future<void> done = request.get_future();
    std::thread{std::move(request)}.detach();
    done.wait_for(kCancelWait);
}

ServerError Connection::error(const std::string& what, const pg_result* result) const {
    const auto field = [result](int code) {
        const char* text = result != nullptr ? PQresultErrorField(result, code) : nullptr;
        return std::string{text != nullptr ? text : ""};
    };
    std::string sqlstate = field(PG_DIAG_SQLSTATE);
    std::string text = field(PG_DIAG_MESSAGE_PRIMARY);
    if (text.empty()) {
        text = one_line(PQerrorMessage(raw()));
    } else if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
        text += " (" + detail + ")";
    }
    const ExitCode code = exit_code_of_sqlstate(sqlstate);
    if (const std::string place = field(PG_DIAG_CONTEXT);
        code == ExitCode::bad_data && !place.empty()) {
        text += " (" + one_line(place.c_str()) + ")";
    }
    return {code, what + ": " + text, std::move(sqlstate), field(PG_DIAG_MESSAGE_HINT)};
}

int Connection::server_version() const {
    return PQserverVersion(raw());
}

std::string Connection::database() const {
    return PQdb(raw());
}

std::string Connection::parameter(const char* name) const {
    const char* value = PQparameterStatus(raw(), name);
    return value != nullptr ? value : "";
}

std::string Connection::description() const {
    return fmt::format("{} at {}:{}", base::in_quotes(PQdb(raw())), PQhost(raw()), PQport(raw()));
}

std::string Connection::quoted_name(std::string_view name) const {
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted{
        PQescapeIdentifier(raw(), name.data(), name.size()), &PQfreemem};
    if (!quoted) {
        throw error("cannot quote a name");
    }
    return quoted.get();
}

std::string Connection::quoted_text(std::string_view text) const {
    const std::unique_ptr<char, decltype(&PQfreemem)> quoted{
        PQescapeLiteral(raw(), text.data(), text.size()), &PQfreemem};
    if (!quoted) {
        throw error("cannot quote a text");
    }
    return quoted.get();
}

void await_server(const std::string& source, std::int64_t wait_ms) {
    const std::int64_t end = base::steady_ms() + wait_ms;
    for (std::int64_t pause = kFirstPauseMs;; pause = std::min(pause * 2, kLongestPauseMs)) {
        try {
            static_cast<void>(Connection{source, Connection::Kind::plain});
            return;
        } catch (const ServerError& error) {
            const std::int64_t left = end - base::steady_ms();
            if (!error.absent() || left <= 0) {
                throw;
            }
            if (pause == kFirstPauseMs) {
                base::log::info("{}; trying again for {} s", error.what(), (left + 999) / 1000);
            }
            if (!io::sleep_ms(std::min(pause, left))) {
                throw io::Stopped{"connecting to the source"};
            }
        }
    }
}

} // namespace cdc::postgres
