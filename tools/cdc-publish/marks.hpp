#ifndef CDC_PUBLISH_MARKS_HPP
#define CDC_PUBLISH_MARKS_HPP

#include "cdc-publish/publisher.hpp"
#include "kafka/acknowledgements.hpp"
#include "kafka/offsets.hpp"
#include "kafka/producer.hpp"

#include <string_view>

namespace cdc::publish {

/// Writes marks (kafka/cut_mark.hpp) for durable checkpoints.
class Marks {
public:
    /// Before anything is sent: what lies in the topics by now is before each mark. Throws Error.
    Marks(const Options& options, kafka::Producer& producer, Publisher& publisher,
          const kafka::Acknowledgements& acknowledgements);

    /// Sends the mark of a checkpoint that Acknowledgements::take_durable() just gave. Throws
    /// Error.
    void send(std::string_view checkpoint_line);

private:
    void take_ends();

    kafka::Producer& m_producer;
    Publisher& m_publisher;
    const kafka::Acknowledgements& m_acknowledgements;
    Topic m_topic;
    kafka::Offsets m_offsets;
};

} // namespace cdc::publish

#endif
