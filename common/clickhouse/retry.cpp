#include "clickhouse/retry.hpp"

#include "base/log.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "io/backoff.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

namespace cdc::clickhouse {

using base::ExitCode;

namespace {

constexpr std::int64_t kLogEveryMs = 10'000;

std::string_view first_line(std::string_view text) {
    while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) {
        text.remove_prefix(1);
    }
    return text.substr(0, text.find('\n'));
}

std::string_view hint_for(int server_code) {
    switch (server_code) {
    case 81:
        return "cdc-load --create-database makes it; it is the last part of the target's URL.";
    case 164:
        return "The user's profile has readonly set; the loader needs INSERT, SELECT, CREATE and "
               "ALTER.";
    case 158:
    case 191:
    case 307:
    case 396:
        return "A limit of the user's settings profile: raise it, or name a user without it.";
    case 192:
    case 193:
    case 194:
    case 516:
        return "Name the user in the target's URL, and a file with the password: ?passfile=FILE.";
    case 497:
        return "The loader needs SELECT, INSERT, CREATE TABLE, CREATE VIEW, DROP VIEW and ALTER on "
               "the database.";
    default:
        return "";
    }
}

} // namespace

ErrorClass classify(int server_code, long http_status) {
    switch (server_code) {
    case 0:
        return http_status >= 400 && http_status < 500 && http_status != 408 && http_status != 429
                   ? ErrorClass::refused
                   : ErrorClass::transient;
    case 241: // MEMORY_LIMIT_EXCEEDED
        return ErrorClass::too_large;
    case 3:   // UNEXPECTED_END_OF_FILE: the request was cut on its way
    case 159: // TIMEOUT_EXCEEDED
    case 160: // TOO_SLOW
    case 173: // CANNOT_ALLOCATE_MEMORY
    case 198: // DNS_ERROR
    case 201: // QUOTA_EXCEEDED
    case 202: // TOO_MANY_SIMULTANEOUS_QUERIES
    case 203: // NO_FREE_CONNECTION
    case 209: // SOCKET_TIMEOUT
    case 210: // NETWORK_ERROR
    case 236: // ABORTED
    case 242: // TABLE_IS_READ_ONLY (a replica without its keeper)
    case 243: // NOT_ENOUGH_SPACE
    case 252: // TOO_MANY_PARTS
    case 279: // ALL_CONNECTION_TRIES_FAILED
    case 285: // TOO_FEW_LIVE_REPLICAS
    case 286: // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    case 289: // REPLICA_IS_NOT_IN_QUORUM
    case 319: // UNKNOWN_STATUS_OF_INSERT
    case 341: // UNFINISHED
    case 394: // QUERY_WAS_CANCELLED
    case 425: // SYSTEM_ERROR
    case 439: // CANNOT_SCHEDULE_TASK
    case 473: // DEADLOCK_AVOIDED
    case 517: // CANNOT_ASSIGN_ALTER
    case 735: // QUERY_WAS_CANCELLED_BY_CLIENT
    case 999: // KEEPER_EXCEPTION
        return ErrorClass::transient;
    default:
        return ErrorClass::refused;
    }
}

bool is_row_fault(int server_code) {
    switch (server_code) {
    case 6:   // CANNOT_PARSE_TEXT
    case 25:  // CANNOT_PARSE_ESCAPE_SEQUENCE
    case 26:  // CANNOT_PARSE_QUOTED_STRING
    case 27:  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    case 38:  // CANNOT_PARSE_DATE
    case 41:  // CANNOT_PARSE_DATETIME
    case 69:  // ARGUMENT_OUT_OF_BOUND
    case 70:  // CANNOT_CONVERT_TYPE
    case 72:  // CANNOT_PARSE_NUMBER
    case 117: // INCORRECT_DATA
    case 128: // TOO_LARGE_ARRAY_SIZE
    case 131: // TOO_LARGE_STRING_SIZE
    case 153: // ILLEGAL_DIVISION
    case 190: // SIZES_OF_ARRAYS_DONT_MATCH
    case 321: // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    case 349: // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
    case 376: // CANNOT_PARSE_UUID
    case 395: // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
    case 407: // DECIMAL_OVERFLOW
    case 441: // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
    case 467: // CANNOT_PARSE_BOOL
    case 469: // VIOLATED_CONSTRAINT
    case 675: // CANNOT_PARSE_IPV4
    case 676: // CANNOT_PARSE_IPV6
    case 691: // UNKNOWN_ELEMENT_OF_ENUM
        return true;
    default:
        // Not 33 (CANNOT_READ_ALL_DATA), which a request that was cut on its way gives too.
        return false;
    }
}

bool is_wrong_password(int server_code) {
    return server_code == 193 || server_code == 194 || server_code == 516;
}

int exception_code(std::string_view text) {
    constexpr std::string_view kStart = "Code: ";
    const std::size_t at = text.find(kStart);
    if (at == std::string_view::npos) {
        return 0;
    }
    text.remove_prefix(at + kStart.size());
    const std::size_t digits = text.find_first_not_of("0123456789");
    return base::parse_integer<int>(text.substr(0, digits)).value_or(0);
}

ServerError server_error(std::string_view doing, std::string_view text, int server_code,
                         long http_status) {
    const ErrorClass kind = classify(server_code, http_status);
    const std::string_view words = first_line(text);
    std::string message = fmt::format("{}: {}", doing, words.empty() ? "no words" : words);
    return {kind == ErrorClass::refused ? ExitCode::refused : ExitCode::failed, message,
            std::string{hint_for(server_code)}, server_code, kind != ErrorClass::refused};
}

namespace {

/// false: a signal ended it, or nobody waits any more.
bool pause(const RetryPolicy& policy, std::int64_t ms) {
    constexpr std::int64_t kStepMs = 100;
    while (policy.abandoned && ms > kStepMs && !policy.abandoned()) {
        if (!io::sleep_ms(kStepMs)) {
            return false;
        }
        ms -= kStepMs;
    }
    return io::sleep_ms(policy.abandoned && policy.abandoned() ? 0 : ms);
}

} // namespace

void with_retry(const RetryPolicy& policy, const std::function<void()>& request) {
    io::Backoff backoff;
    const std::int64_t started = base::steady_ms();
    RetrySpeech own;
    RetrySpeech& speech = policy.speech != nullptr ? *policy.speech : own;
    bool repeated = false;
    std::string last;
    const auto is_over = [started](std::int64_t limit_ms, std::int64_t now) {
        return limit_ms >= 0 && now - started >= limit_ms;
    };
    while (true) {
        try {
            request();
            if (repeated && speech.waiting.exchange(false)) {
                base::log::info("the target answers again after {:.1f} s",
                                static_cast<double>(base::steady_ms() - started) / 1000.0);
            }
            return;
        } catch (const ServerError& error) {
            const std::int64_t now = base::steady_ms();
            last = error.what();
            const bool unreached = error.server_code() == 0 && policy.unreached_ms >= 0;
            if (!error.transient() || is_over(policy.limit_ms, now) ||
                (unreached && is_over(policy.unreached_ms, now)) ||
                (policy.abandoned && policy.abandoned())) {
                throw;
            }
            if (policy.on_retry) {
                policy.on_retry();
            }
            repeated = true;
            std::int64_t warned = speech.warned_ms;
            if ((warned == 0 || now - warned >= kLogEveryMs) && !io::stop_signal::give_up() &&
                speech.warned_ms.compare_exchange_strong(warned, now)) {
                base::log::warning("{}; trying again", error.what());
                speech.waiting = true;
            }
        }
        if (!pause(policy, backoff.next_ms())) {
            throw io::Stopped{"waiting for the target: " + last};
        }
    }
}

} // namespace cdc::clickhouse
