#ifndef CDC_CLI_GROUPS_HPP
#define CDC_CLI_GROUPS_HPP

#include "cli/metrics.hpp"
#include "event/column_edits.hpp"
#include "event/encoding.hpp"
#include "registry/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Options that several tools share, so that each is spelled, explained and checked alike.
/// `group` is the heading under which --help lists them.
namespace cdc::cli {

class App;

/// --source URL
void add_source(App& app, std::string& url, const std::string& group = "Source");

/// --tables PATTERN, --exclude PATTERN, --allow-no-match
void add_tables(App& app, std::vector<std::string>& tables, std::vector<std::string>& exclude,
                bool& allow_no_match, const std::string& group = "Source");

/// --allow-no-match alone
void add_allow_no_match(App& app, bool& allow, const std::string& group);

/// --chdb-library FILE; --target itself differs in what it may hold
void add_chdb_library(App& app, std::string& file, const std::string& group = "Target");

/// --prefix NAME of tools that write lines
void add_line_prefix(App& app, std::string& prefix);

/// --leave-out COLUMN, --mask COLUMN=HOW, --encrypt COLUMN and their keys, of tools that read rows
void add_column_edits(App& app, event::ColumnEditOptions& options,
                      const std::string& group = "Output");

/// --allow-minimal-metadata
void add_minimal_metadata(App& app, bool& allow);

/// --types exact|debezium
void add_types(App& app, event::Encoding& types);

/// --metrics FILE|ADDR
void add_metrics(App& app, MetricsOptions& options);

/// --metrics-per-table of tools that have figures of tables, behind add_metrics()
void add_metrics_per_table(App& app, MetricsOptions& options);

/// --checkpoint FILE of tools that resume from what the last stage wrote
void add_checkpoints_to_read(App& app, std::vector<std::string>& files,
                             const std::string& group = "Checkpoint");

/// The same of a tool with several inputs: [NAME=]FILE (checkpoints::NamedFile)
void add_checkpoints_of_inputs(App& app, std::vector<std::string>& files,
                               const std::string& group = "Checkpoint");

/// --checkpoint [NAME=]FILE of the last stage (checkpoints::NamedFile); '-' is stdout
void add_checkpoints_to_write(App& app, std::vector<std::string>& files,
                              const std::string& group = "Checkpoint");

/// --ack on-write
void add_ack(App& app, std::string& how, const std::string& help, const std::string& group);

/// How a Kafka cluster is reached; kafka::make_settings() turns it into settings.
struct KafkaOptions {
    std::string brokers;
    std::vector<std::string> properties; ///< NAME=VALUE, from -X
    std::string config_file;
    std::int64_t connect_timeout_ms = 30'000;
};

/// --brokers, -X, --kafka-config, --connect-timeout
void add_kafka(App& app, KafkaOptions& options);

struct RegistryOptions {
    std::string urls;
    std::int64_t timeout_ms = 60'000;
};

/// --registry, --registry-timeout
void add_registry(App& app, RegistryOptions& options);

/// Throws Error (usage) on a broken URL.
registry::ClientOptions registry_client(const RegistryOptions& options);

/// Throws Error (usage) unless `name` may be the name of a PostgreSQL slot.
void check_slot_name(const std::string& name);

/// Throws Error (usage) when both are given.
void refuse_together(bool one, const char* one_name, bool other, const char* other_name);

} // namespace cdc::cli

#endif
