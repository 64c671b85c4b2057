#include "cdc-publish/marks.hpp"

#include "event/checkpoint.hpp"
#include "kafka/cut_mark.hpp"

namespace cdc::publish {

Marks::Marks(const Options& options, kafka::Producer& producer, Publisher& publisher,
             const kafka::Acknowledgements& acknowledgements)
    : m_producer{producer}, m_publisher{publisher}, m_acknowledgements{acknowledgements},
      m_topic{publisher.routes().side("marks")}, m_offsets{producer.ends(options.prefix + ".")} {
    m_offsets.erase({m_topic.name, 0}); // marks are no part of a cut
}

/// A topic that was made anew has lower offsets than before: what is newer counts.
void Marks::take_ends() {
    const kafka::Acknowledgements::Ends& ends = m_acknowledgements.ends();
    for (std::size_t topic = 0; topic < ends.size(); ++topic) {
        if (static_cast<int>(topic) == m_topic.id) {
            continue;
        }
        for (std::size_t partition = 0; partition < ends[topic].size(); ++partition) {
            if (const std::int64_t end = ends[topic][partition]; end > 0) {
                m_offsets[{m_producer.topic_name(static_cast<int>(topic)),
                           static_cast<int>(partition)}] = end;
            }
        }
    }
}

void Marks::send(std::string_view checkpoint_line) {
    take_ends();
    const std::string key =
        kafka::cut_mark_key(event::parse_checkpoint(checkpoint_line, "checkpoint line"));
    const std::string value = kafka::encode_cut_mark(checkpoint_line, m_offsets);
    kafka::OutgoingRecord record;
    record.key = key;
    record.value = value;
    m_publisher.send(m_topic, record);
}

} // namespace cdc::publish
