#include "cli/groups.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "checkpoints/by_input.hpp"
#include "cli/app.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cdc::cli {

using base::ExitCode;

namespace {

/// A port alone, or one that is none, is not meant as the name of a file.
std::string check_metrics_place(std::string& text) {
    const auto colon = text.rfind(':');
    const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
    if (text.find('/') != std::string::npos || port.empty() ||
        port.find_first_not_of("0123456789") != std::string::npos) {
        return {};
    }
    const auto number = base::parse_integer<std::uint16_t>(port);
    if (colon == std::string::npos || !number) {
        return fmt::format("{} is no HOST:PORT such as 127.0.0.1:9090; a file of that name is ./{}",
                           base::in_quotes(text), text);
    }
    return {};
}

/// What is wrong with the scheme of a database's URL; "" where nothing is, or it is no URL. The
/// rest of it may hold a password.
std::string foreign_scheme(const std::string& url) {
    constexpr std::string_view kKnown[] = {"postgresql:", "postgres:", "mysql:", "mariadb:"};
    const std::size_t end = url.find("//");
    if (end == std::string::npos || url.find('=') < end ||
        std::find(std::begin(kKnown), std::end(kKnown), url.substr(0, end)) != std::end(kKnown)) {
        return "";
    }
    return fmt::format("{} is none of postgresql://, mysql://, mariadb://",
                       base::in_quotes(url.substr(0, end + 2)));
}

} // namespace

void add_source(App& app, std::string& url, const std::string& group) {
    app.options()
        .add_option("--source", url,
                    "Database: postgresql://, mysql:// or mariadb://USER@HOST:PORT/DATABASE, or "
                    "libpq's key=value text")
        ->type_name("URL")
        ->check(CLI::Validator{foreign_scheme, ""})
        ->group(group);
}

void add_allow_no_match(App& app, bool& allow, const std::string& group) {
    app.options()
        .add_flag("--allow-no-match", allow, "A pattern that meets nothing is a warning")
        ->group(group);
}

void add_tables(App& app, std::vector<std::string>& tables, std::vector<std::string>& exclude,
                bool& allow_no_match, const std::string& group) {
    app.options()
        .add_option("--tables", tables,
                    "Only tables that match this glob on schema.table; may be repeated")
        ->type_name("PATTERN")
        ->group(group);
    app.options()
        .add_option("--exclude", exclude, "No tables that match this glob; may be repeated")
        ->type_name("PATTERN")
        ->group(group);
    add_allow_no_match(app, allow_no_match, group);
}

void add_chdb_library(App& app, std::string& file, const std::string& group) {
    app.options()
        .add_option("--chdb-library", file,
                    "libchdb.so for chdb: targets (default: from the cache folder)")
        ->type_name("FILE")
        ->group(group);
}

void add_line_prefix(App& app, std::string& prefix) {
    app.options()
        .add_option("--prefix", prefix, "Name of the source in each line (default: the database)")
        ->type_name("NAME")
        ->group("Output");
}

void add_column_edits(App& app, event::ColumnEditOptions& options, const std::string& group) {
    CLI::App& cli = app.options();
    cli.add_option("--leave-out", options.leave_out,
                   "Leave out columns TABLE.COLUMN; may be repeated")
        ->type_name("COLUMN")
        ->group(group);
    cli.add_option("--mask", options.masks,
                   "Mask columns: TABLE.COLUMN=hash or TABLE.COLUMN=fixed:TEXT; may be repeated")
        ->type_name("COLUMN=HOW")
        ->group(group);
    cli.add_option("--mask-key", options.mask_key, "Secret key of the hashes, in a file")
        ->type_name("FILE")
        ->group(group);
    cli.add_option("--encrypt", options.encrypted,
                   "Encrypt columns TABLE.COLUMN or TABLE.COLUMN=siv (AES-256-SIV, equal values "
                   "equal), TABLE.COLUMN=gcm (AES-256-GCM, each another); may be repeated")
        ->type_name("COLUMN[=HOW]")
        ->group(group);
    cli.add_option("--encrypt-key", options.encrypt_key, "Secret key of --encrypt, in a file")
        ->type_name("FILE")
        ->group(group);
}

void add_minimal_metadata(App& app, bool& allow) {
    app.options()
        .add_flag("--allow-minimal-metadata", allow,
                  "MySQL, MariaDB: names of columns that the log lacks are those of the catalog")
        ->group("Source");
}

void add_types(App& app, event::Encoding& types) {
    app.options()
        .add_option_function<std::string>(
            "--types",
            [&types](const std::string& how) {
                types = how == "debezium" ? event::Encoding::debezium : event::Encoding::exact;
            },
            "How values are written: exact, or debezium, as its connector does with its own "
            "defaults")
        ->check(CLI::IsMember({"exact", "debezium"}))
        ->type_name("HOW")
        ->default_str("exact")
        ->group("Output");
}

void add_metrics(App& app, MetricsOptions& options) {
    std::string& where = options.destination;
    app.options()
        .add_option("--metrics", where, "Figures for Prometheus: to a file, or at HOST:PORT")
        ->check(CLI::Validator{check_metrics_place, "", ""})
        ->type_name("FILE|ADDR")
        ->group("General");
    app.add_check([&where] {
        if (!where.empty() && !Metrics::is_address(where)) {
            io::check_file_place("--metrics", where, io::FileUse::replace);
        }
    });
}

void add_metrics_per_table(App& app, MetricsOptions& options) {
    app.options()
        .add_flag("--metrics-per-table", options.tables, "Figures of each table too")
        ->group("General");
    app.add_check([&options] {
        if (options.tables && options.destination.empty()) {
            throw base::Error{ExitCode::usage, "--metrics-per-table needs --metrics"};
        }
    });
}

namespace {

void add_named_files_check(App& app, const std::vector<std::string>& files, io::FileUse use) {
    app.add_check([&files, use] {
        checkpoints::check_files(files);
        for (const checkpoints::NamedFile& file : checkpoints::named_files(files)) {
            if (file.path != "-") {
                io::check_file_place("--checkpoint", file.path, use);
            }
        }
    });
}

} // namespace

void add_checkpoints_to_read(App& app, std::vector<std::string>& files, const std::string& group) {
    app.options()
        .add_option("--checkpoint", files,
                    "Checkpoint file of the last stage: resume there, confirm what it holds; may "
                    "be repeated, the lowest counts")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->group(group);
    app.add_files("--checkpoint", files, io::FileUse::read);
}

void add_checkpoints_of_inputs(App& app, std::vector<std::string>& files,
                               const std::string& group) {
    app.options()
        .add_option("--checkpoint", files,
                    "Checkpoint file of the last stage, NAME=FILE that of an --input; may be "
                    "repeated, the lowest counts")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->group(group);
    add_named_files_check(app, files, io::FileUse::read);
}

void add_checkpoints_to_write(App& app, std::vector<std::string>& files, const std::string& group) {
    app.options()
        .add_option("--checkpoint", files,
                    "File for the last durable checkpoint; '-' prints each to stdout; NAME=FILE: "
                    "of that input of cdc-transform; may be repeated")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->group(group);
    add_named_files_check(app, files, io::FileUse::replace);
}

void add_ack(App& app, std::string& how, const std::string& help, const std::string& group) {
    app.options()
        .add_option("--ack", how, "on-write: " + help)
        ->check(CLI::IsMember({"on-write"}))
        ->type_name("HOW")
        ->group(group);
}

void add_kafka(App& app, KafkaOptions& options) {
    CLI::App& cli = app.options();
    cli.add_option("--brokers", options.brokers, "Kafka brokers to begin with")
        ->type_name("HOST:PORT,...")
        ->group("Kafka");
    cli.add_option("-X,--kafka-property", options.properties,
                   "A librdkafka property; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false)
        ->group("Kafka");
    cli.add_option("--kafka-config", options.config_file,
                   "Read librdkafka properties from this file")
        ->type_name("FILE")
        ->group("Kafka");
    app.add_duration("--connect-timeout", options.connect_timeout_ms,
                     "How long to wait for a first broker")
        ->group("Kafka");
}

void add_registry(App& app, RegistryOptions& options) {
    app.options()
        .add_option("--registry", options.urls, "Schema registry, several with commas")
        ->type_name("URL,...")
        ->group("Schema registry");
    app.add_duration("--registry-timeout", options.timeout_ms,
                     "How long to ask a registry that does not answer")
        ->group("Schema registry");
}

registry::ClientOptions registry_client(const RegistryOptions& options) {
    registry::ClientOptions client;
    client.urls = registry::parse_urls(options.urls);
    client.patience_ms = options.timeout_ms;
    return client;
}

void check_slot_name(const std::string& name) {
    const bool legal = name.size() < 64 && std::all_of(name.begin(), name.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
    if (!legal) {
        throw base::Error{ExitCode::usage,
                          fmt::format("--slot {} is no name for a slot", base::in_quotes(name)),
                          "at most 63 lower-case letters, digits and underscores"};
    }
}

void refuse_together(bool one, const char* one_name, bool other, const char* other_name) {
    if (one && other) {
        base::fail(ExitCode::usage, "{} and {} contradict each other", one_name, other_name);
    }
}

} // namespace cdc::cli
