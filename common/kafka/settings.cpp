#include "kafka/settings.hpp"

#include "base/error.hpp"
#include "kafka/client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <strings.h>

namespace cdc::kafka {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The value as librdkafka spells it ("all" and "-1" are the same).
std::string canonical(const std::string& name, const std::string& value) {
    const ConfHandle conf{rd_kafka_conf_new()};
    set_property(conf.get(), name, value);
    char buffer[512];
    std::size_t size = sizeof(buffer);
    return rd_kafka_conf_get(conf.get(), name.c_str(), buffer, &size) == RD_KAFKA_CONF_OK
               ? std::string{buffer}
               : value;
}

/// The client passes over an address that it does not understand, and waits for brokers.
void check_brokers(const std::string& brokers) {
    for (std::size_t at = 0; at < brokers.size();) {
        const auto end = std::min(brokers.find(',', at), brokers.size());
        const std::string broker = trimmed(brokers.substr(at, end - at));
        const std::string scheme = broker.substr(0, broker.find("://"));
        at = end + 1;
        if (scheme.size() == broker.size()) {
            continue;
        }
        const char* const known[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
        if (std::none_of(std::begin(known), std::end(known), [&scheme](const char* name) {
                return ::strcasecmp(scheme.c_str(), name) == 0;
            })) {
            fail(ExitCode::usage, "--brokers {} is a URL, not HOST:PORT", in_quotes(broker));
        }
    }
}

} // namespace

std::string library_name() {
    return fmt::format("librdkafka {}", rd_kafka_version_str());
}

void Settings::set_connect_defaults() {
    // The client also waits half of it between its first connections (sparse_connect_intvl).
    if (!has("reconnect.backoff.max.ms")) {
        set_default("reconnect.backoff.ms", "20");
    }
    set_default("reconnect.backoff.max.ms", "1000");
}

void Settings::set_default_where_known(const std::string& name, const std::string& value) {
    const ConfHandle conf{rd_kafka_conf_new()};
    std::size_t size = 0;
    if (rd_kafka_conf_get(conf.get(), name.c_str(), nullptr, &size) == RD_KAFKA_CONF_OK) {
        set_default(name, value);
    }
}

void Settings::parse(const std::string& assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
        fail(ExitCode::usage, "-X {} is not name=value", in_quotes(assignment));
    }
    set(trimmed(assignment.substr(0, equals)), trimmed(assignment.substr(equals + 1)));
}

void Settings::read_file(const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        fail(ExitCode::usage, "cannot open {}: {}", in_quotes(path), std::strerror(errno));
    }
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        line = trimmed(line);
        if (line.empty() || line[0] == '#') {
            continue;
        }
        if (line.find('=') == std::string::npos) {
            // The line itself is not shown: it may be half a password.
            fail(ExitCode::usage, "{}, line {}, is not name=value", in_quotes(path), number);
        }
        parse(line);
    }
}

std::string Settings::get(const std::string& name) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? std::string{} : found->second;
}

Settings make_settings(const std::string& brokers, const std::vector<std::string>& properties,
                       const std::string& config_file) {
    Settings settings;
    if (!config_file.empty()) {
        settings.read_file(config_file);
    }
    for (const std::string& property : properties) {
        settings.parse(property);
    }
    if (!brokers.empty()) {
        check_brokers(brokers);
        settings.set("bootstrap.servers", brokers);
    }
    if (!settings.has("bootstrap.servers") && !settings.has("metadata.broker.list")) {
        fail(ExitCode::usage, "--brokers is required");
    }
    return settings;
}

void check_settings(const Settings& settings, const std::vector<Insisted>& insisted) {
    for (const auto& [name, value] : settings.values()) {
        const std::string spelled = canonical(name, value);
        for (const Insisted& must : insisted) {
            if (std::find(must.names.begin(), must.names.end(), name) != must.names.end() &&
                spelled != canonical(name, must.value)) {
                throw Error{ExitCode::usage, fmt::format("-X {}={} would break a promise: {}", name,
                                                         value, must.promise)};
            }
        }
    }
}

const std::vector<Insisted>& insisted_of_producers() {
    static const std::vector<Insisted> kInsisted{
        {{"enable.idempotence"}, "true", "nothing twice and nothing out of order on a retry"},
        {{"acks", "request.required.acks"},
         "all",
         "a position is confirmed when every in-sync copy holds what is before it"},
        {{"message.timeout.ms", "delivery.timeout.ms"},
         "0",
         "a transient error is retried for ever"},
        {{"delivery.report.only.error"}, "false", "every record is known to have arrived"},
    };
    return kInsisted;
}

const std::vector<Insisted>& insisted_of_consumers() {
    static const std::vector<Insisted> kInsisted{
        {{"enable.auto.commit", "auto.commit.enable"},
         "false",
         "an offset is committed when the last stage holds what is before it"},
        {{"enable.auto.offset.store"}, "false", "offsets are stored by cdc-consume alone"},
        {{"enable.partition.eof"}, "true", "ends of partitions must be seen"},
        {{"isolation.level"}, "read_committed", "records of unfinished transactions stay unseen"},
        {{"auto.offset.reset"}, "error", "a lost position is told, never skipped"},
    };
    return kInsisted;
}

} // namespace cdc::kafka
