#ifndef CDC_CONSUME_EMITTER_HPP
#define CDC_CONSUME_EMITTER_HPP

#include "cdc-consume/framed_records.hpp"
#include "cdc-consume/table_lines.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/connect_row.hpp"
#include "kafka/consumer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::consume {

/// What became of a record.
enum class Emitted {
    change,  ///< a change line, perhaps behind a table line
    begin,   ///< the first line of a table's snapshot
    end,     ///< its last line
    other,   ///< a line of another kind
    nothing, ///< by design: tombstones, heartbeats, and the records of other side topics
};

/// Turns records into lines. No sockets but those of the table lines' topic.
class Emitter {
public:
    /// `partitions_of` counts the partitions of a topic.
    Emitter(const Options& options, TableLines& table_lines,
            std::function<std::size_t(const std::string&)> partitions_of)
        : m_table_lines{table_lines}, m_with_kafka{options.with_kafka},
          m_partitions_of{std::move(partitions_of)}, m_framed{options.registry_client} {}

    /// Appends the lines of the record. Throws Error (bad_data) and leaves `out` as it was when
    /// the record is no change of a form that we know. `covered`: the record was in its topic
    /// before the last forget_versions_seen(). Of such a topic whose table has had one version
    /// since ever, the headers of changes are not read.
    Emitted append(std::string& out, const kafka::IncomingRecord& record,
                   const std::string& topic_name, bool covered);
    /// After TableLines::set_topics().
    void forget_versions_seen();

    /// Of the last change: 32 hex digits and milliseconds, for checkpoint lines.
    std::string_view last_order() const noexcept { return m_order; }

private:
    struct Topic {
        std::string version;   ///< in the last table line
        bool compared = false; ///< with all others of its table
        bool only = false;
    };
    Emitted append_record(std::string& out, const kafka::IncomingRecord& record,
                          const std::string& topic_name);
    bool belongs_to_schema(const kafka::IncomingRecord& record) const;
    /// A value that belongs to a schema of a registry.
    Emitted append_framed(std::string& out, kafka::IncomingRecord& record,
                          const std::string& topic_name);
    /// Nothing when the record is no line of ours.
    std::optional<Emitted> append_own(std::string& out, const kafka::IncomingRecord& record,
                                      const std::string& topic_name);
    void check_truncate(const std::string& topic_name) const;
    bool append_alike(std::string& out, const kafka::IncomingRecord& record);
    bool needs_table_line(const kafka::IncomingRecord& record) const;
    void remember_version(const kafka::IncomingRecord& record);
    /// That of the record, whose line, or value, is `line`.
    void append_table_line(std::string& out, const kafka::IncomingRecord& record,
                           const std::string& topic_name, std::string_view line);
    /// Of a record that came with its own schema.
    void append_row_table(std::string& out, const kafka::IncomingRecord& record,
                          const kafka::ConnectRow& row);
    void append_shape(std::string& out, event::Table table) const;
    void append_kafka_member(std::string& out, const kafka::IncomingRecord& record,
                             const std::string& topic_name);

    TableLines& m_table_lines;
    bool m_with_kafka;
    std::function<std::size_t(const std::string&)> m_partitions_of;
    std::vector<Topic> m_topics; ///< by the consumer's number
    kafka::ChangeCut m_cut;
    kafka::ConnectRows m_rows;
    FramedRecords m_framed;
    std::string m_order;
    std::string m_line; ///< scratch: a change without '\n'
};

} // namespace cdc::consume

#endif
