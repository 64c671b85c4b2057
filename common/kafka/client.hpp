#ifndef CDC_KAFKA_CLIENT_HPP
#define CDC_KAFKA_CLIENT_HPP

#include "base/error.hpp"
#include "kafka/handles.hpp"
#include "kafka/settings.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cdc::kafka {

/// What a client's callbacks have to say; its address is the opaque of the client.
class ClientState {
public:
    /// Throws the first error that ends the tool, if there was one.
    void check() const;
    /// The last trouble that the client goes on to work on; empty when there was none.
    std::string last_trouble() const;

    /// The client joins no group: it looks for the coordinator of one all the same, and whether it
    /// may does not matter.
    void set_without_group() { m_without_group = true; }
    bool passes_over(rd_kafka_resp_err_t error) const {
        return m_without_group && error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    }

    void on_error(rd_kafka_t* client, int error, const char* reason);
    void stop_with(base::Error error);

private:
    mutable std::mutex m_mutex;
    std::optional<base::Error> m_stop;
    std::string m_trouble;
    std::int64_t m_told_ms = 0;
    bool m_without_group = false; ///< set before the client is made
};

/// Throws Error (usage) in librdkafka's words.
void set_property(rd_kafka_conf_t* conf, const std::string& name, const std::string& value);

/// The properties of `settings` and what is insisted upon, with log and error callbacks to `state`.
ConfHandle make_conf(const Settings& settings, const std::vector<Insisted>& insisted,
                     ClientState& state);

/// Makes the client. Throws Error (usage) in librdkafka's words.
ClientHandle make_client(rd_kafka_type_t type, ConfHandle conf);

/// Waits until a broker answers. Throws Error: refused (login, TLS), failed (no answer in time).
void wait_for_broker(rd_kafka_t* client, ClientState& state, int timeout_ms);

} // namespace cdc::kafka

#endif
