#include "kafka/client.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "io/stop_signal.hpp"
#include "kafka/errors.hpp"

namespace cdc::kafka {

using base::Error;
using base::ExitCode;
namespace log = base::log;

namespace {

constexpr std::int64_t kTellEveryMs = 10'000;

void on_log(const rd_kafka_t* /*client*/, int level, const char* facility, const char* text) {
    // What matters comes through the error callback as well.
    log::debug("librdkafka {} {}: {}", level, facility, text);
}

void on_error_callback(rd_kafka_t* client, int error, const char* reason, void* opaque) {
    static_cast<ClientState*>(opaque)->on_error(client, error, reason);
}

} // namespace

void ClientState::check() const {
    const std::lock_guard lock{m_mutex};
    if (m_stop) {
        throw *m_stop;
    }
}

std::string ClientState::last_trouble() const {
    const std::lock_guard lock{m_mutex};
    return m_trouble;
}

void ClientState::stop_with(Error error) {
    const std::lock_guard lock{m_mutex};
    if (!m_stop) {
        m_stop = std::move(error);
    }
}

void ClientState::on_error(rd_kafka_t* client, int error, const char* reason) {
    auto code = static_cast<rd_kafka_resp_err_t>(error);
    std::string words = reason == nullptr ? "" : reason;
    if (passes_over(code)) {
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        char text[512] = "";
        code = rd_kafka_fatal_error(client, text, sizeof(text));
        stop_with(make_error(code, "Kafka", text));
        return;
    }
    if (exit_code_of(code) == ExitCode::refused) {
        stop_with(make_error(code, "Kafka", words));
        return;
    }
    const std::int64_t now = base::steady_ms();
    const std::lock_guard lock{m_mutex};
    // "All brokers are down" says less than what each of them said before.
    if (m_trouble.empty() || code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        m_trouble = words;
    }
    if (m_told_ms == 0 || now - m_told_ms > kTellEveryMs) {
        m_told_ms = now;
        log::warning("Kafka: {} ({})", words, rd_kafka_err2name(code));
    } else {
        log::debug("Kafka: {} ({})", words, rd_kafka_err2name(code));
    }
}

void set_property(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
    char text[512];
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
        throw Error{ExitCode::usage, fmt::format("-X {}: {}", name, text)};
    }
}

ConfHandle make_conf(const Settings& settings, const std::vector<Insisted>& insisted,
                     ClientState& state) {
    ConfHandle conf{rd_kafka_conf_new()};
    for (const auto& [name, value] : settings.values()) {
        set_property(conf.get(), name, value);
    }
    for (const Insisted& must : insisted) {
        set_property(conf.get(), must.names.front(), must.value);
    }
    if (!settings.has("client.id")) {
        set_property(conf.get(), "client.id", "cdc-toolkit");
    }
    if (!settings.has("log_level")) {
        set_property(conf.get(), "log_level", log::enabled(log::Level::debug) ? "6" : "4");
    }
    rd_kafka_conf_set_opaque(conf.get(), &state);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    rd_kafka_conf_set_error_cb(conf.get(), on_error_callback);
    return conf;
}

ClientHandle make_client(rd_kafka_type_t type, ConfHandle conf) {
    char text[512] = "";
    rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof(text));
    if (client == nullptr) {
        throw Error{ExitCode::usage, fmt::format("cannot make a Kafka client: {}", text),
                    "See LOGIN in cdc-publish(1)"};
    }
    static_cast<void>(conf.release()); // the client owns it now
    return ClientHandle{client};
}

namespace {

/// A port that wants TLS, or a login, closes the connection of a client that speaks plain text, or
/// says nothing.
std::string protocol_hint(const rd_kafka_t* client, const std::string& trouble) {
    char protocol[32] = "";
    std::size_t size = sizeof(protocol);
    if (rd_kafka_conf_get(rd_kafka_conf(const_cast<rd_kafka_t*>(client)), "security.protocol",
                          protocol, &size) != RD_KAFKA_CONF_OK ||
        std::string_view{protocol}.ends_with("ssl")) {
        return {};
    }
    for (const char* words : {"Connection refused", "resolve", "unreachable", "No route"}) {
        if (trouble.find(words) != std::string::npos) {
            return {};
        }
    }
    return std::string_view{protocol} == "plaintext"
               ? "If the port wants TLS or a login: -X security.protocol=ssl, sasl_ssl or "
                 "sasl_plaintext; see LOGIN in cdc-publish(1)"
               : "If the port wants TLS: -X security.protocol=sasl_ssl; see LOGIN in "
                 "cdc-publish(1)";
}

} // namespace

void wait_for_broker(rd_kafka_t* client, ClientState& state, int timeout_ms) {
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    while (true) {
        const rd_kafka_metadata_t* raw = nullptr;
        const auto error = rd_kafka_metadata(client, 0, nullptr, &raw, 500);
        const MetadataHandle metadata{raw};
        rd_kafka_poll(client, 0); // lets the error callback speak
        state.check();
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return;
        }
        if (io::stop_signal::give_up()) {
            throw io::Stopped{"waiting for a Kafka broker"};
        }
        if (base::steady_ms() >= deadline) {
            const std::string trouble = state.last_trouble();
            throw Error{
                ExitCode::failed,
                fmt::format("no Kafka broker answers within {} s: {}", timeout_ms / 1000,
                            trouble.empty() ? std::string{rd_kafka_err2str(error)} : trouble),
                protocol_hint(client, trouble)};
        }
    }
}

} // namespace cdc::kafka
