#ifndef CDC_KAFKA_ADMIN_HPP
#define CDC_KAFKA_ADMIN_HPP

#include "io/stop_signal.hpp"
#include "kafka/handles.hpp"

/// Only this folder's .cpp files include this header.
namespace cdc::kafka {

/// Runs one admin request and gives its result event; nothing when no answer came in time. Throws
/// io::Stopped.
template<typename Request>
EventHandle ask(rd_kafka_t* client, rd_kafka_admin_op_t operation, int timeout_ms,
                Request&& request) {
    const QueueHandle queue{rd_kafka_queue_new(client)};
    const AdminOptionsHandle options{rd_kafka_AdminOptions_new(client, operation)};
    char text[256];
    // Not every operation has both; one that it lacks is refused, and that is all.
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text, sizeof(text));
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, text, sizeof(text));
    request(options.get(), queue.get());
    constexpr int kStepMs = 100;
    EventHandle event;
    for (int left = timeout_ms + 1000; !event && left > 0; left -= kStepMs) {
        event.reset(rd_kafka_queue_poll(queue.get(), kStepMs));
        if (!event && io::stop_signal::give_up()) {
            throw io::Stopped{"a Kafka broker worked on a request"};
        }
    }
    return event;
}

} // namespace cdc::kafka

#endif
