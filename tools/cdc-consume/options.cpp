#include "cdc-consume/options.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/time.hpp"
#include "cli/app.hpp"
#include "cli/groups.hpp"
#include "io/standard_streams.hpp"
#include "kafka/settings.hpp"

#include <algorithm>
#include <cstdio>

#include <strings.h>

namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

void add_options(cli::App& app, Options& o) {
    auto& cli = app.options();
    cli::add_kafka(app, o.kafka);
    app.set_client(kafka::library_name());
    cli::add_metrics(app, o.metrics);
    cli::add_metrics_per_table(app, o.metrics);

    cli.add_option("--topics", o.topics_text,
                   "Topics, globs such as 'shop.*', or a regular expression that begins with '^'; "
                   "may be repeated")
        ->type_name("NAME,...")
        ->allow_extra_args(false)
        ->group("What to read");
    cli::add_allow_no_match(app, o.allow_no_match, "What to read");
    cli.add_option("--group", o.group, "Share the partitions with others of this group")
        ->type_name("NAME")
        ->group("What to read");
    cli.add_option("--from", o.from_text,
                   "beginning, end, a time, or offsets like topic:0=152,1=77")
        ->type_name("PLACE")
        ->group("What to read");
    cli.add_flag("--begin-again", o.begin_again,
                 "Where the topic no longer has the place, go on at the first record that it has")
        ->group("What to read");
    cli.add_option("--prefix", o.prefix, "Take table lines from the topic PREFIX.schema-changes")
        ->type_name("NAME")
        ->group("What to read");
    cli.add_flag("--marks", o.marks,
                 "Read up to each mark of the topic PREFIX.marks: what the source held then")
        ->group("What to read");
    cli.add_option("--with", o.with, "Add to each line its place in Kafka, as the member kafka")
        ->check(CLI::IsMember({"kafka"}))
        ->allow_extra_args(false)
        ->group("What to read");
    cli.add_option("--decrypt", o.decrypt,
                   "Decrypt values of --encrypt by the key in this file; may be repeated")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->group("What to read");
    cli.add_option("--on-error", o.on_error, "For a record that is no change: stop or dead-letter")
        ->check(CLI::IsMember({"stop", "dead-letter"}))
        ->capture_default_str()
        ->group("Dead letters");
    cli.add_option("--dead-letter", o.dead_letter, "Append dead letters to this file")
        ->type_name("FILE")
        ->group("Dead letters");
    app.add_file("--dead-letter", o.dead_letter, io::FileUse::append);

    cli::add_registry(app, o.registry);
    cli.add_flag("--exit-at-end", o.exit_at_end, "Stop when the end of all partitions was reached")
        ->group("When to stop");
    cli.add_option("--max-events", o.max_events, "Stop after this many changes")
        ->type_name("N")
        ->group("When to stop");
    cli.add_option("--until-time", o.until_time_text, "Stop at records of this time or later")
        ->type_name("TIME")
        ->group("When to stop");
    app.add_duration("--until-idle", o.until_idle_ms, "Stop when nothing came for this long")
        ->default_str("")
        ->group("When to stop");

    cli::add_checkpoints_to_read(app, o.checkpoints, "Delivery");
    cli::add_ack(app, o.ack, "commit what was written to stdout, durable or not", "Delivery");
    app.add_duration("--checkpoint-interval", o.checkpoint_interval_ms,
                     "At most this long between checkpoint lines while records come")
        ->group("Delivery");
    app.add_duration("--heartbeat", o.heartbeat_ms, "Checkpoint lines while nothing comes")
        ->group("Delivery");
    app.add_duration("--revoke-wait", o.revoke_wait_ms,
                     "How long a partition that leaves may wait for its acknowledgement")
        ->group("Delivery");
    app.add_drain(o.drain_ms, "How long a stop may take")->group("When to stop");
}

std::int64_t parse_time_ms(const std::string& text, const std::string& option) {
    if (const auto ms = base::parse_integer<std::int64_t>(text); ms && *ms >= 0) {
        constexpr std::int64_t kLeast = 100'000'000; // below, a year or a day is meant
        if (*ms != 0 && *ms < kLeast) {
            fail(ExitCode::usage,
                 "{} {} is neither a time like 2025-07-21T10:00:00Z nor milliseconds since 1970, "
                 "which are 0 or have nine digits",
                 option, in_quotes(text));
        }
        return *ms;
    }
    long long year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    double second = 0;
    char separator = 0;
    char zone[8] = "";
    const int count = std::sscanf(text.c_str(), "%lld-%u-%u%c%u:%u:%lf%7s", &year, &month, &day,
                                  &separator, &hour, &minute, &second, zone);
    const bool good =
        (count == 3 || ((count == 7 || count == 8) && (separator == 'T' || separator == ' '))) &&
        (std::string{zone}.empty() || std::string{zone} == "Z") &&
        base::is_valid_civil(year, month, day) && hour < 24 && minute < 60 && second >= 0 &&
        second < 61;
    if (!good) {
        fail(ExitCode::usage, "{} {} is not a time like 2025-07-21T10:00:00Z", option,
             in_quotes(text));
    }
    return (base::days_from_civil(year, month, day) * 86400 + std::int64_t{hour} * 3600 +
            std::int64_t{minute} * 60) *
               1000 +
           static_cast<std::int64_t>(second * 1000);
}

namespace {

void check_from(Options& o) {
    if (o.from_text.empty()) {
        return;
    }
    if (o.from_text == "beginning") {
        o.from = From::beginning;
    } else if (o.from_text == "end") {
        o.from = From::end;
    } else if (o.from_text.find('=') != std::string::npos) {
        o.from = From::offsets;
        try {
            o.from_offsets = kafka::parse_offsets(o.from_text);
        } catch (const Error& error) {
            fail(ExitCode::usage, "--from: {}", error.what());
        }
        for (const auto& from : o.from_offsets) {
            const kafka::TopicPartition& place = from.first;
            if (std::none_of(o.topics.begin(), o.topics.end(), [&place](const auto& wanted) {
                    return kafka::TopicMatcher{wanted}(place.topic);
                })) {
                fail(ExitCode::usage, "--from: topic {} is none of --topics",
                     base::in_quotes(place.topic));
            }
        }
    } else {
        o.from = From::time;
        o.from_ms = parse_time_ms(o.from_text, "--from");
    }
}

void check_marks(Options& o) {
    if (!o.marks) {
        return;
    }
    if (o.prefix.empty()) {
        fail(ExitCode::usage, "--marks needs --prefix");
    }
    if (!o.group.empty()) {
        fail(ExitCode::usage, "--marks and --group exclude each other: a cut needs all partitions");
    }
    if (o.from != From::resume && o.from != From::beginning) {
        fail(ExitCode::usage, "--marks reads from the beginning, or from its checkpoint file");
    }
    if (o.max_events > 0 || !o.until_time_text.empty()) {
        fail(ExitCode::usage, "--marks ends at marks: it takes no --max-events and --until-time");
    }
    o.marks_topic = o.prefix + ".marks";
    for (const kafka::TopicPattern& pattern : kafka::parse_topics({o.marks_topic})) {
        o.patterns.push_back(pattern);
        o.topics.push_back(pattern.wanted);
    }
}

} // namespace

void check(Options& o) {
    o.patterns = kafka::parse_topics(o.topics_text);
    o.topics = kafka::wanted_topics(o.patterns);
    if (o.topics.empty()) {
        fail(ExitCode::usage, "--topics is required");
    }
    o.settings = kafka::make_settings(o.kafka.brokers, o.kafka.properties, o.kafka.config_file);
    if (o.settings.has("group.id")) {
        fail(ExitCode::usage, "-X group.id: use --group");
    }
    if (::strcasecmp(o.settings.get("group.protocol").c_str(), "consumer") == 0) {
        throw Error{
            ExitCode::usage,
            "-X group.protocol=consumer: cdc-consume joins groups by the protocol 'classic' "
            "alone",
            "Leave it out: brokers have both. A group whose members use the other one needs "
            "another name"};
    }
    o.settings.set_default("topic.blacklist", "^__"); // no pattern means the brokers' own topics
    o.settings.set_default("topic.metadata.refresh.interval.ms", "30000");
    kafka::check_settings(o.settings, kafka::insisted_of_consumers());
    o.topics_refresh_ms =
        base::parse_integer<std::int64_t>(o.settings.get("topic.metadata.refresh.interval.ms"))
            .value_or(-1);
    if (!o.registry.urls.empty()) {
        o.registry_client = cli::registry_client(o.registry);
    }
    check_from(o);
    check_marks(o);
    if (!o.until_time_text.empty()) {
        o.until_ms = parse_time_ms(o.until_time_text, "--until-time");
    }
    o.with_kafka = !o.with.empty();
    o.ciphers.clear();
    for (const std::string& file : o.decrypt) {
        o.ciphers.push_back(event::read_column_cipher("--decrypt", file));
    }
    if (o.on_write() && !o.checkpoints.empty()) {
        fail(ExitCode::usage, "--ack on-write and --checkpoint exclude each other");
    }
    if (o.on_write() && o.group.empty()) {
        fail(ExitCode::usage, "--ack on-write commits to a group: give --group");
    }
    if ((o.on_error == "dead-letter") != !o.dead_letter.empty()) {
        fail(ExitCode::usage, "--on-error dead-letter and --dead-letter FILE go together");
    }
    if (std::find(o.checkpoints.begin(), o.checkpoints.end(), "-") != o.checkpoints.end()) {
        fail(ExitCode::usage, "--checkpoint - is for sinks; give the file that the sink writes");
    }
    io::require_stdout();
}

} // namespace cdc::consume
