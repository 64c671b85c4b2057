#ifndef CDC_CLICKHOUSE_RETRY_HPP
#define CDC_CLICKHOUSE_RETRY_HPP

#include "clickhouse/transport.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cdc::clickhouse {

enum class ErrorClass {
    transient, ///< busy, full, out of reach: the same request again, later
    too_large, ///< 241 MEMORY_LIMIT_EXCEEDED: half of the rows, then again
    refused,   ///< rights, settings, a shape that the target does not take
};

/// Of ClickHouse's error numbers (ErrorCodes.cpp there); `http_status` decides where the answer
/// carries no number (a proxy).
ErrorClass classify(int server_code, long http_status);

/// Whether an INSERT may have been refused for what one of its rows holds: a value that does not
/// parse or fit, a constraint, a materialized view that throws. Other rows may go in without it.
bool is_row_fault(int server_code);

/// Whether a login was refused for its password.
bool is_wrong_password(int server_code);

/// "Code: 252. DB::Exception: …" -> 252; 0 when the text does not begin like that.
int exception_code(std::string_view text);

/// The ServerError for an answer of the server. `doing` is the start of the message ("cannot
/// insert into 'orders_raw'"); `text` the server's words, of which the first line is kept.
ServerError server_error(std::string_view doing, std::string_view text, int server_code,
                         long http_status);

/// What requests of one kind have said of their repeats, so that several at once say it once.
struct RetrySpeech {
    std::atomic<std::int64_t> warned_ms{0}; ///< steady clock; 0: never
    std::atomic<bool> waiting{false};       ///< a warning was the last thing said
};

/// How long transient errors are waited for. stop_signal::give_up() ends the waiting too.
struct RetryPolicy {
    std::int64_t limit_ms = -1;       ///< of one request with all its repeats; -1: for ever
    std::int64_t unreached_ms = -1;   ///< the same, while no server answers at all
    std::function<void()> on_retry{}; ///< called before each repeat
    /// Whether nobody waits for the request any more: its error is thrown then.
    std::function<bool()> abandoned{};
    RetrySpeech* speech = nullptr; ///< shared with requests beside this one; nullptr: none are
};

/// For the first request of a tool: who gives a wrong host or port wants to hear of it.
constexpr std::int64_t kFirstContactMs = 30'000;

/// Runs `request` until it succeeds. Transient errors are logged (the first, then at most every
/// ten seconds) and waited for; others, and the last one when time is up, are thrown. Throws
/// io::Stopped.
void with_retry(const RetryPolicy& policy, const std::function<void()>& request);

} // namespace cdc::clickhouse

#endif
