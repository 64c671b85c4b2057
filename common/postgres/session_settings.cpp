#include "postgres/session_settings.hpp"

#include "base/error.hpp"
#include "postgres/connection.hpp"

#include <string>

namespace cdc::postgres {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr int kIdleSessionTimeout = 140000;
constexpr int kTransactionTimeout = 170000;
constexpr int kTries = 5;
constexpr std::string_view kCancelled = "57014";

constexpr char kMonetary[] = "lc_monetary";
/// One unit of money in a locale of two digits behind the point, as cash_send() writes it.
constexpr char kTwoDigits[] = "0000000000000064";

} // namespace

const std::vector<SessionSetting>& session_settings() {
    static const std::vector<SessionSetting> settings{
        // How values are written: cdc-event(5), "Values".
        {"client_encoding", "UTF8"},
        {"timezone", "UTC"},
        {"datestyle", "ISO, MDY"},
        {"intervalstyle", "postgres"},
        {"bytea_output", "hex"},
        {"extra_float_digits", "3"},
        {"xmlbinary", "base64"},
        {kMonetary, "C"},
        {"quote_all_identifiers", "off"},
        // How statements are read. Names of reg* types are written with their schema, too.
        {"search_path", "pg_catalog, pg_temp"},
        {"standard_conforming_strings", "on"},
        {"array_nulls", "on"},
        {"xmloption", "content"},
        {"timezone_abbreviations", "Default"},
        {"transform_null_equals", "off"},
        // Which rows they see: an error instead of hidden rows.
        {"row_security", "off"},
        {"gin_fuzzy_search_limit", "0"},
        // How long they may take, and in what transactions.
        {"statement_timeout", "0"},
        {"lock_timeout", "0"},
        {"idle_in_transaction_session_timeout", "0"},
        {"idle_session_timeout", "0", kIdleSessionTimeout},
        {"transaction_timeout", "0", kTransactionTimeout},
        {"default_transaction_isolation", "read committed"},
        {"default_transaction_read_only", "off"},
        {"default_transaction_deferrable", "off"},
        {"jit", "off"},
    };
    return settings;
}

void check_session_settings(const std::vector<SessionSetting>& settings,
                            const std::vector<std::string_view>& got) {
    for (std::size_t i = 0; i < settings.size(); ++i) {
        if (i >= got.size() || got[i] != settings[i].value) {
            throw Error{ExitCode::refused,
                        fmt::format("the session's setting {} is {}, although it was set to {}",
                                    settings[i].name, in_quotes(i < got.size() ? got[i] : ""),
                                    in_quotes(settings[i].value)),
                        "connect to the server itself, not through a pooler that shares sessions"};
        }
    }
}

void apply_session_settings(Connection& connection) {
    // Alone and first: a role may allow no statement to end, or (on a standby) to begin.
    // A time-out that fires while the first statement ends cancels the second one.
    for (int tries = kTries;; --tries) {
        try {
            connection.query("SET statement_timeout = 0");
            connection.query("SET default_transaction_isolation = 'read committed'");
            break;
        } catch (const ServerError& error) {
            if (error.sqlstate() != kCancelled || tries == 0) {
                throw;
            }
        }
    }
    // The locale says how many digits of a stored amount stand behind the point. Where these are
    // not two, "C" would change the amount, and the locale stays.
    const bool two_digits = connection
                                .query("SELECT pg_catalog.encode(pg_catalog.cash_send("
                                       "1::pg_catalog.int4::pg_catalog.money), 'hex')")
                                .text(0, 0) == kTwoDigits;
    std::vector<SessionSetting> settings;
    for (const SessionSetting& setting : session_settings()) {
        if (setting.since <= connection.server_version() &&
            (two_digits || setting.name != std::string_view{kMonetary})) {
            settings.push_back(setting);
        }
    }
    std::string set;
    std::string read;
    for (const SessionSetting& setting : settings) {
        const char* start = set.empty() ? "SELECT " : ", ";
        set += fmt::format("{}pg_catalog.set_config('{}', '{}', false)", start, setting.name,
                           setting.value);
        read += fmt::format("{}pg_catalog.current_setting('{}')", start, setting.name);
    }
    connection.query(set);
    const Result result = connection.query(read);
    std::vector<std::string_view> got;
    for (int column = 0; column < result.columns() && result.rows() == 1; ++column) {
        got.push_back(result.text(0, column));
    }
    check_session_settings(settings, got);
}

} // namespace cdc::postgres
