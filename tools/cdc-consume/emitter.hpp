#ifndef CDC_CONSUME_EMITTER_HPP
#define CDC_CONSUME_EMITTER_HPP

#include "cdc-consume/table_lines.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/connect_row.hpp"
#include "kafka/consumer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::consume {

/// What became of a record.
enum class Emitted {
    change,  ///< a change line, perhaps behind a table line
    other,   ///< a line of another kind
    nothing, ///< by design: tombstones, heartbeats, and the records of other side topics
};

/// Turns records into lines. No sockets but those of the table lines' topic.
class Emitter {
public:
    Emitter(TableLines& table_lines, bool with_kafka)
        : m_table_lines{table_lines}, m_with_kafka{with_kafka} {}

    /// Appends the lines of the record. Throws Error (bad_data) and leaves `out` as it was when
    /// the record is no change of a form that we know.
    Emitted append(std::string& out, const kafka::IncomingRecord& record,
                   const std::string& topic_name);

    /// Of the last change: 32 hex digits and milliseconds, for checkpoint lines.
    std::string_view last_order() const noexcept { return m_order; }

private:
    Emitted append_record(std::string& out, const kafka::IncomingRecord& record,
                          const std::string& topic_name);
    /// Nothing when the record is no line of ours.
    std::optional<Emitted> append_own(std::string& out, const kafka::IncomingRecord& record,
                                      const std::string& topic_name);
    bool needs_table_line(const kafka::IncomingRecord& record);
    void remember_version(const kafka::IncomingRecord& record);
    /// That of the record, whose line, or value, is `line`.
    void append_table_line(std::string& out, const kafka::IncomingRecord& record,
                           const std::string& topic_name, std::string_view line);
    /// Of a record that came with its own schema.
    void append_row_table(std::string& out, const kafka::IncomingRecord& record,
                          const kafka::ConnectRow& row);
    void append_kafka_member(std::string& out, const kafka::IncomingRecord& record,
                             const std::string& topic_name);

    TableLines& m_table_lines;
    bool m_with_kafka;
    std::vector<std::string> m_versions; ///< of the last change, by topic
    kafka::ChangeCut m_cut;
    kafka::ConnectRows m_rows;
    std::string m_order;
    std::string m_line; ///< scratch: a change without '\n'
};

} // namespace cdc::consume

#endif
