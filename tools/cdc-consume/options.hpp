#ifndef CDC_CONSUME_OPTIONS_HPP
#define CDC_CONSUME_OPTIONS_HPP

#include "cli/groups.hpp"
#include "event/column_cipher.hpp"
#include "kafka/offsets.hpp"
#include "kafka/settings.hpp"
#include "kafka/topic_pattern.hpp"
#include "registry/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::consume {

/// Where reading starts when --from is given.
enum class From { resume, beginning, end, time, offsets };

struct Options {
    // As given.
    cli::KafkaOptions kafka;
    cli::MetricsOptions metrics;
    std::vector<std::string> topics_text; ///< names and patterns, as given
    bool allow_no_match = false;          ///< a topic or pattern may meet nothing
    std::string group;
    cli::RegistryOptions registry;
    std::string prefix; ///< of <prefix>.schema-changes; empty: found by the topic's name
    bool marks = false; ///< checkpoint lines stand where <prefix>.marks says
    std::string from_text;
    bool begin_again = false; ///< where the topic no longer has the place, at what it has
    bool exit_at_end = false;
    std::uint64_t max_events = 0; ///< 0: no such condition
    std::string until_time_text;
    std::int64_t until_idle_ms = -1;  ///< -1: no such condition
    std::vector<std::string> with;    ///< "kafka"
    std::vector<std::string> decrypt; ///< files of keys
    std::string on_error{"stop"};
    std::string dead_letter; ///< file

    std::vector<std::string> checkpoints; ///< files that the last stages write
    std::string ack;                      ///< "on-write": commit what left this process
    std::int64_t checkpoint_interval_ms = 1000;
    std::int64_t heartbeat_ms = 10'000;
    std::int64_t revoke_wait_ms = 20'000;
    std::int64_t drain_ms = 30'000;

    // Made of the above by check().
    registry::ClientOptions registry_client; ///< without URLs: no registry
    std::vector<kafka::TopicPattern> patterns;
    std::string marks_topic;         ///< empty: without
    std::vector<std::string> topics; ///< names, and expressions that begin with '^'
    kafka::Settings settings;
    From from = From::resume;
    std::int64_t from_ms = 0;
    kafka::Offsets from_offsets;
    std::int64_t until_ms = -1; ///< -1: no such condition
    bool with_kafka = false;
    std::vector<event::ColumnCipher> ciphers; ///< of the files of `decrypt`
    std::int64_t topics_refresh_ms = 0;       ///< how often new topics are looked for; -1: never

    bool on_write() const { return ack == "on-write"; }
};

void add_options(cli::App& app, Options& options);

/// Fills the second part. Throws Error (usage) on contradictions.
void check(Options& options);

/// "2025-07-21T10:00:00Z", also with a fraction, a blank for the T, without zone (UTC), a date
/// alone, or milliseconds since 1970: 0, or nine digits and more. Throws Error (usage).
std::int64_t parse_time_ms(const std::string& text, const std::string& option);

} // namespace cdc::consume

#endif
