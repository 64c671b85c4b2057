#include "cdc-publish/options.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "io/standard_streams.hpp"
#include "kafka/settings.hpp"
#include "kafka/topic_name.hpp"

#include <algorithm>

namespace cdc::publish {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

std::string retention_ms(const std::string& text) {
    if (text == "forever") {
        return "-1";
    }
    const auto ms = base::parse_duration_ms(text);
    if (!ms) {
        fail(ExitCode::usage, "retention {} is not a duration such as 7d, 12h, or forever",
             in_quotes(text));
    }
    if (*ms <= 0) {
        fail(ExitCode::usage, "retention {} keeps no record: Kafka deletes each at once",
             in_quotes(text));
    }
    return std::to_string(*ms);
}

std::string check_cleanup_policy(const std::string& text) {
    const bool known = text == "delete" || text == "compact" || text == "compact,delete" ||
                       text == "delete,compact";
    return known ? "" : in_quotes(text) + " is not delete, compact or compact,delete";
}

int count(const std::string& name, const std::string& value) {
    const auto number = base::parse_integer<int>(value);
    if (!number || *number < 1) {
        fail(ExitCode::usage, "{} {} is not a number from 1", name, in_quotes(value));
    }
    return *number;
}

/// Sets one of our words for topics, or a topic property by Kafka's name.
void set(kafka::TopicSpec& spec, const std::string& name, const std::string& value) {
    if (name == "partitions") {
        spec.partitions = count(name, value);
    } else if (name == "replication") {
        spec.replication = count(name, value);
    } else if (name == "retention") {
        spec.config["retention.ms"] = retention_ms(value);
    } else if (name == "compression") {
        spec.config["compression.type"] = value == "none" ? "uncompressed" : value;
    } else if (name == "cleanup-policy") {
        spec.config["cleanup.policy"] = value;
    } else if (name.find('.') != std::string::npos) {
        spec.config[name] = value;
    } else {
        fail(ExitCode::usage, "unknown topic option {}", in_quotes(name));
    }
}

void set_assignment(kafka::TopicSpec& spec, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        fail(ExitCode::usage, "topic option {} is not name=value", in_quotes(text));
    }
    set(spec, text.substr(0, equals), text.substr(equals + 1));
}

/// PATTERN:NAME=VALUE,…, into `other` where the table does not match.
void set_table_options(const std::string& text, std::string_view schema, std::string_view table,
                       kafka::TopicSpec& spec, kafka::TopicSpec& other) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) {
        fail(ExitCode::usage, "--table-options {} is not PATTERN:NAME=VALUE,...", in_quotes(text));
    }
    const bool matches = event::TableFilter{{text.substr(0, colon)}, {}}.matches(schema, table);
    for (std::size_t at = colon + 1; at <= text.size();) {
        const auto comma = std::min(text.find(',', at), text.size());
        set_assignment(matches ? spec : other, text.substr(at, comma - at));
        at = comma + 1;
    }
}

/// A batch may be no longer than the topic's max.message.bytes, and one producer makes those of
/// all.
void limit_batches(Options& o) {
    constexpr const char* kMost = "max.message.bytes";
    std::uint64_t least = kafka::kBatchBytes;
    const auto take = [&least](const kafka::TopicSpec& spec) {
        if (const auto found = spec.config.find(kMost); found != spec.config.end()) {
            least =
                std::min(least, base::parse_integer<std::uint64_t>(found->second).value_or(least));
        }
    };
    take(topic_spec(o, "", ""));
    for (const std::string& text : o.table_options) {
        kafka::TopicSpec spec;
        set_table_options(text, "", "", spec, spec);
        take(spec);
    }
    if (least < kafka::kBatchBytes && least > 0) {
        o.settings.set_default("batch.size", std::to_string(least));
    }
}

} // namespace

void add_options(cli::App& app, Options& o) {
    auto& cli = app.options();
    cli::add_kafka(app, o.kafka);
    app.set_client(kafka::library_name());
    cli::add_metrics(app, o.metrics);
    cli::add_metrics_per_table(app, o.metrics);
    app.add_bytes("--queue", o.queue_bytes, "Bytes of records that may wait for the brokers")
        ->group("Kafka");

    cli.add_option("--prefix", o.prefix, "What names of topics begin with")
        ->type_name("NAME")
        ->group("Topics");
    cli.add_option("--topic", o.topic_template, "Names of the tables' topics")
        ->type_name("TEMPLATE")
        ->capture_default_str()
        ->group("Topics");
    cli.add_option("--partitions", o.partitions, "Of topics that are made (default: the brokers')")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N")
        ->group("Topics");
    cli.add_option("--replication", o.replication, "Copies of topics that are made")
        ->check(CLI::Range(1, 32'767))
        ->type_name("N")
        ->group("Topics");
    cli.add_option("--retention", o.retention, "Of topics that are made: 7d, 12h, forever")
        ->type_name("TIME")
        ->group("Topics");
    cli.add_option("--compression", o.compression, "none, gzip, snappy, lz4 or zstd")
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
        ->group("Topics");
    cli.add_option("--cleanup-policy", o.cleanup_policy, "delete, compact or compact,delete")
        ->check(check_cleanup_policy)
        ->type_name("POLICY")
        ->group("Topics");
    cli.add_option("--topic-config", o.topic_config, "A topic property of Kafka; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->group("Topics");
    cli.add_option("--table-options", o.table_options,
                   "Options of some tables' topics: PATTERN:partitions=6,retention=1d")
        ->type_name("TEXT")
        ->allow_extra_args(false)
        ->group("Topics");
    cli.add_flag("--no-create", o.no_create, "Make no topics; missing ones are an error")
        ->group("Topics");

    cli.add_option("--envelope", o.envelope_name, "Form of values: plain, payload, schema or flat")
        ->check(CLI::IsMember({"plain", "payload", "schema", "flat"}))
        ->capture_default_str()
        ->group("Records");
    cli.add_option("--format", o.format_name,
                   "Form of keys and values: json, or avro, json-schema, protobuf, with a registry")
        ->check(CLI::IsMember({"json", "avro", "json-schema", "protobuf"}))
        ->capture_default_str()
        ->group("Records");
    cli.add_flag("--no-tombstones", o.no_tombstones, "No record without value after a delete")
        ->group("Records");
    cli.add_option("--on-error", o.on_error, "For a line that cannot be sent: stop or dead-letter")
        ->check(CLI::IsMember({"stop", "dead-letter"}))
        ->capture_default_str()
        ->group("Dead letters");
    cli.add_option("--dead-letter", o.dead_letter,
                   "File for dead letters (default: the topic PREFIX.dead-letter)")
        ->type_name("FILE")
        ->group("Dead letters");
    app.add_file("--dead-letter", o.dead_letter, io::FileUse::append);
    cli.add_option("--dead-letter-topic", o.dead_letter_topic,
                   "Topic for dead letters (default: PREFIX.dead-letter)")
        ->type_name("NAME")
        ->group("Dead letters");

    cli::add_registry(app, o.registry);
    cli.add_option("--subjects", o.subjects_name,
                   "Names of subjects: by topic, record or topic-record")
        ->check(CLI::IsMember({"topic", "record", "topic-record"}))
        ->capture_default_str()
        ->group("Schema registry");
    cli.add_flag("--no-register", o.no_register, "Register nothing; unknown schemas are an error")
        ->group("Schema registry");

    cli::add_checkpoints_to_write(app, o.checkpoints, "Delivery");
    cli.add_flag("--marks", o.marks,
                 "Write to the topic PREFIX.marks how far each partition is at each checkpoint")
        ->group("Delivery");
    cli.add_flag("--exactly-once", o.exactly_once, "Send in Kafka transactions")->group("Delivery");
    cli.add_option("--transactional-id", o.transactional_id,
                   "Name of this stream (default: cdc-publish.PREFIX)")
        ->type_name("NAME")
        ->group("Delivery");
    cli.add_option("--transaction-rows", o.transaction_rows, "Most lines of a Kafka transaction")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
        ->type_name("N")
        ->capture_default_str()
        ->group("Delivery");
    app.add_bytes("--transaction-bytes", o.transaction_bytes, "Most bytes of a Kafka transaction")
        ->group("Delivery");
    app.add_duration("--transaction-time", o.transaction_ms, "Longest time of a Kafka transaction")
        ->group("Delivery");
    app.add_drain(o.drain_ms, "How long to go on after SIGTERM")->group("When to stop");
}

void check_dead_letter_topic(const Options& o) {
    if (o.dead_letter_topic.empty()) {
        return;
    }
    if (o.on_error != "dead-letter") {
        fail(ExitCode::usage, "--dead-letter-topic is for --on-error dead-letter");
    }
    if (!o.dead_letter.empty()) {
        fail(ExitCode::usage, "--dead-letter-topic and --dead-letter exclude each other");
    }
    if (kafka::legal_topic_name(o.dead_letter_topic) != o.dead_letter_topic) {
        fail(ExitCode::usage, "--dead-letter-topic {} has characters that Kafka does not allow",
             in_quotes(o.dead_letter_topic));
    }
}

void check_registry(Options& o) {
    if (o.format_name == "json") {
        if (!o.registry.urls.empty() || o.no_register) {
            fail(ExitCode::usage, "{} is for --format avro, json-schema or protobuf",
                 o.no_register ? "--no-register" : "--registry");
        }
        return;
    }
    if (o.registry.urls.empty()) {
        fail(ExitCode::usage, "--format {} needs --registry", o.format_name);
    }
    if (o.envelope_name != "plain") {
        fail(ExitCode::usage, "--envelope {} and --format {} exclude each other", o.envelope_name,
             o.format_name);
    }
    o.format = o.format_name == "avro"       ? record::Format::avro
               : o.format_name == "protobuf" ? record::Format::protobuf
                                             : record::Format::json;
    o.registry_client = cli::registry_client(o.registry);
    o.subjects = o.subjects_name == "topic"    ? registry::Strategy::topic
                 : o.subjects_name == "record" ? registry::Strategy::record
                                               : registry::Strategy::topic_record;
}

void check(Options& o) {
    if (o.prefix.empty()) {
        fail(ExitCode::usage, "--prefix is required");
    }
    if (kafka::legal_topic_name(o.prefix) != o.prefix) {
        fail(ExitCode::usage, "--prefix {} has characters that Kafka does not allow",
             in_quotes(o.prefix));
    }
    [[maybe_unused]] const kafka::TopicNamer checked{o.prefix, o.topic_template};
    o.settings = kafka::make_settings(o.kafka.brokers, o.kafka.properties, o.kafka.config_file);
    if (!o.compression.empty()) {
        o.settings.set("compression.codec", o.compression);
    }
    if (o.settings.has("transactional.id")) {
        fail(ExitCode::usage, "-X transactional.id: use --exactly-once and --transactional-id");
    }
    kafka::check_settings(o.settings, kafka::insisted_of_producers());
    if (o.marks && o.topic_template.rfind("{prefix}.", 0) != 0) {
        fail(ExitCode::usage, "--marks needs topics whose names begin with the prefix and a dot");
    }
    if (!o.transactional_id.empty() && !o.exactly_once) {
        fail(ExitCode::usage, "--transactional-id is for --exactly-once");
    }
    if (o.exactly_once && o.transactional_id.empty()) {
        o.transactional_id = "cdc-publish." + o.prefix;
    }
    if (!o.dead_letter.empty() && o.on_error != "dead-letter") {
        fail(ExitCode::usage, "--dead-letter is for --on-error dead-letter");
    }
    check_dead_letter_topic(o);
    if (std::count(o.checkpoints.begin(), o.checkpoints.end(), "-") > 1) {
        fail(ExitCode::usage, "--checkpoint - is given twice");
    }
    static constexpr std::pair<std::string_view, Envelope> kEnvelopes[] = {
        {"plain", Envelope::plain},
        {"payload", Envelope::payload},
        {"schema", Envelope::schema},
        {"flat", Envelope::flat}};
    for (const auto& [name, envelope] : kEnvelopes) {
        if (o.envelope_name == name) {
            o.envelope = envelope;
        }
    }
    check_registry(o);
    limit_batches(o);
    const kafka::TopicSpec spec = topic_spec(o, "", "");
    if (const auto policy = spec.config.find("cleanup.policy");
        policy != spec.config.end() && policy->second.find("compact") != std::string::npos &&
        o.whole_lines()) {
        throw base::Error{ExitCode::usage,
                          "the table lines in a table's topic have no key, which a compacted topic "
                          "does not take",
                          "Give --format avro, json-schema or protobuf, or another --envelope"};
    }
    io::require_stdin();
    if (std::find(o.checkpoints.begin(), o.checkpoints.end(), "-") != o.checkpoints.end()) {
        io::require_stdout();
    }
}

std::vector<event::TablePattern> table_option_patterns(const Options& o) {
    std::vector<event::TablePattern> out;
    for (const std::string& text : o.table_options) {
        const auto patterns = event::parse_table_patterns(text.substr(0, text.find(':')));
        out.insert(out.end(), patterns.begin(), patterns.end());
    }
    return out;
}

kafka::TopicSpec topic_spec(const Options& o, std::string_view schema, std::string_view table) {
    kafka::TopicSpec spec;
    spec.partitions = o.partitions;
    spec.replication = o.replication;
    if (!o.retention.empty()) {
        set(spec, "retention", o.retention);
    }
    if (!o.compression.empty()) {
        set(spec, "compression", o.compression);
    }
    if (!o.cleanup_policy.empty()) {
        set(spec, "cleanup-policy", o.cleanup_policy);
    }
    for (const std::string& text : o.topic_config) {
        set_assignment(spec, text);
    }
    for (const std::string& text : o.table_options) {
        kafka::TopicSpec other;
        set_table_options(text, schema, table, spec, other);
    }
    return spec;
}

} // namespace cdc::publish
