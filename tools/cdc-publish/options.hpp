#ifndef CDC_PUBLISH_OPTIONS_HPP
#define CDC_PUBLISH_OPTIONS_HPP

#include "cli/groups.hpp"
#include "event/table_filter.hpp"
#include "kafka/settings.hpp"
#include "kafka/topics.hpp"
#include "record/framing.hpp"
#include "registry/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::publish {

enum class Envelope { plain, payload, schema, flat };

struct Options {
    // As given.
    cli::KafkaOptions kafka;
    cli::MetricsOptions metrics;
    std::string prefix;
    std::string topic_template{"{prefix}.{schema}.{table}"};
    std::string envelope_name{"plain"};
    bool no_tombstones = false;

    std::string format_name{"json"};
    cli::RegistryOptions registry;
    std::string subjects_name{"topic"};
    bool no_register = false;

    int partitions = -1;
    int replication = -1;
    std::string retention;
    std::string compression;
    std::string cleanup_policy;
    std::vector<std::string> topic_config;  ///< name=value, for every topic of a table
    std::vector<std::string> table_options; ///< PATTERN:name=value,…
    bool no_create = false;

    bool marks = false; ///< write <prefix>.marks
    bool exactly_once = false;
    std::string transactional_id;
    std::uint64_t transaction_rows = 100'000;
    std::uint64_t transaction_bytes = std::uint64_t{4} << 20;
    std::int64_t transaction_ms = 500;

    std::string on_error{"stop"};
    std::string dead_letter;       ///< file; empty: the topic
    std::string dead_letter_topic; ///< empty: <prefix>.dead-letter

    std::vector<std::string> checkpoints; ///< files, or "-" for stdout
    std::uint64_t queue_bytes = std::uint64_t{16} << 20;
    std::int64_t drain_ms = 30'000;

    // Made of the above by check().
    kafka::Settings settings;
    Envelope envelope = Envelope::plain;
    std::optional<record::Format> format; ///< with a registry; nothing: lines as they are
    registry::ClientOptions registry_client;
    registry::Strategy subjects = registry::Strategy::topic;

    /// Whether every line of a table goes to its topic, those that are no changes too.
    bool whole_lines() const { return envelope == Envelope::plain && !format; }
    /// Whether these go to `<prefix>.snapshots` instead: what reads from mark to mark needs them.
    bool lines_aside() const { return marks && !whole_lines(); }
};

void add_options(cli::App& app, Options& options);

/// Fills the second part. Throws Error (usage) on contradictions.
void check(Options& options);

/// The patterns of --table-options.
std::vector<event::TablePattern> table_option_patterns(const Options& options);

/// What the topic of a table shall be like; `schema` of a table without is its database. Throws
/// Error (usage) on a broken --table-options.
kafka::TopicSpec topic_spec(const Options& options, std::string_view schema,
                            std::string_view table);

} // namespace cdc::publish

#endif
