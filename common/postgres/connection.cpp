#include "postgres/connection.hpp"

#include "io/file_descriptor.hpp"
#include "postgres/session_settings.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cctype>
#include <cerrno> // program_invocation_short_name

namespace cdc::postgres {

using base::ExitCode;

namespace {

constexpr int kWaitStepMs = 100;

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

/// libpq keeps no SQLSTATE of a failed login. A second try with verbose messages has it in its
/// text: "FATAL:  28P01: …".
std::string sqlstate_of_login(const char* const* keywords, const char* const* values) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{
        PQconnectStartParams(keywords, values, 1), &PQfinish};
    if (!connection) {
        return {};
    }
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    for (int i = 0; i < 100 && status != PGRES_POLLING_FAILED && status != PGRES_POLLING_OK; ++i) {
        if (status == PGRES_POLLING_READING) {
            io::wait_readable(PQsocket(connection.get()), kWaitStepMs);
        }
        status = PQconnectPoll(connection.get());
    }
    const std::string text = PQerrorMessage(connection.get());
    for (auto at = text.find(":  "); at != std::string::npos; at = text.find(":  ", at + 1)) {
        const std::string_view code = std::string_view{text}.substr(at + 3, 6);
        if (code.size() == 6 && code[5] == ':' &&
            std::all_of(code.begin(), code.begin() + 5, [](unsigned char c) {
                return std::isdigit(c) != 0 || std::isupper(c) != 0;
            })) {
            return std::string{code.substr(0, 5)};
        }
    }
    return {};
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

void Connection::Finish::operator()(pg_conn* connection) const {
    PQfinish(connection);
}

Connection::Connection(const std::string& source, Kind kind) {
    check_source(source);
    // Earlier entries are defaults; those behind dbname, which is expanded, override it.
    const char* const keywords[] = {"connect_timeout",
                                    "keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "tcp_user_timeout",
                                    "fallback_application_name",
                                    "dbname",
                                    "client_encoding",
                                    kind == Kind::replication ? "replication" : nullptr,
                                    nullptr};
    const char* const values[] = {
        "10",           "30",   "10",       "3",    "60000", program_invocation_short_name,
        source.c_str(), "UTF8", "database", nullptr};
    m_connection.reset(PQconnectdbParams(keywords, values, 1));
    if (!m_connection) {
        throw std::bad_alloc{};
    }
    if (PQstatus(raw()) != CONNECTION_OK) {
        const std::string sqlstate = sqlstate_of_login(keywords, values);
        throw ServerError{
            exit_code_of_sqlstate(sqlstate),
            fmt::format("cannot connect to the source: {}", one_line(PQerrorMessage(raw()))),
            sqlstate};
    }
    PQsetNoticeProcessor(
        raw(), [](void*, const char*) {}, nullptr);
    apply_session_settings(*this);
}

Result Connection::query(const std::string& sql, const std::vector<std::string>& parameters,
                         const std::vector<std::uint32_t>& types) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) {
        values.push_back(parameter.c_str());
    }
    const int sent = parameters.empty()
                         ? PQsendQuery(raw(), sql.c_str())
                         : PQsendQueryParams(raw(), sql.c_str(), static_cast<int>(values.size()),
                                             types.empty() ? nullptr : types.data(), values.data(),
                                             nullptr, nullptr, 0);
    if (sent == 0) {
        throw error("cannot send a query");
    }
    pg_result* last = nullptr;
    while (true) {
        while (PQisBusy(raw()) != 0) {
            io::wait_readable(PQsocket(raw()), kWaitStepMs);
            if (m_on_wait) {
                m_on_wait();
            }
            if (PQconsumeInput(raw()) == 0) {
                PQclear(last);
                throw error("lost the connection");
            }
        }
        pg_result* next = PQgetResult(raw());
        if (next == nullptr) {
            break;
        }
        PQclear(last);
        last = next;
        if (PQresultStatus(last) == PGRES_COPY_BOTH || PQresultStatus(last) == PGRES_COPY_OUT) {
            break;
        }
    }
    Result result{last};
    const auto status = PQresultStatus(last);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_COPY_BOTH &&
        status != PGRES_COPY_OUT) {
        throw error("the source refused a command", last);
    }
    return result;
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

} // namespace cdc::postgres
