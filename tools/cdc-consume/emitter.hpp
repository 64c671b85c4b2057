#ifndef CDC_CONSUME_EMITTER_HPP
#define CDC_CONSUME_EMITTER_HPP

#include "cdc-consume/framed_records.hpp"
#include "cdc-consume/table_lines.hpp"
#include "kafka/change_cut.hpp"
#include "kafka/connect_row.hpp"
#include "kafka/consumer.hpp"
#include "kafka/topic_reader.hpp"

#include <cstdint>
#include <functional>
#include <map>
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

/// What came before a record in its partition.
struct Before {
    std::string_view order; ///< of the last change; empty: none since reading began
    bool adjacent = true;   ///< the record stands at the offset that comes next
};

/// Turns records into lines. No sockets but those of the table lines' topic.
class Emitter {
public:
    /// Asked of a topic.
    struct Ask {
        std::function<std::size_t(const std::string&)> partitions;
        /// Gives the topic's last records, or all that it has.
        std::function<void(const std::string&, bool whole, const kafka::TopicReader::Handler&)>
            records;
        std::function<std::string(const std::string&)> grown; ///< why it has too many partitions
    };
    Emitter(const Options& options, TableLines& table_lines, Ask ask)
        : m_table_lines{table_lines}, m_with_kafka{options.with_kafka}, m_ask{std::move(ask)},
          m_framed{options.registry_client} {}

    /// Appends the lines of the record. Throws Error (bad_data) and leaves `out` as it was when
    /// the record is no change of a form that we know. `covered`: the record was in its topic
    /// before the last forget_versions_seen(). Of such a topic whose table has had one version
    /// since ever, the headers of changes are not read.
    Emitted append(std::string& out, const kafka::IncomingRecord& record,
                   const std::string& topic_name, bool covered, const Before& before);
    /// After TableLines::set_topics().
    void forget_versions_seen();
    /// No record was there for a while: what comes next may be of a publisher that started anew.
    void waited() { ++m_waits; }
    /// What append() gave for the last record of this topic is not written, its table line neither.
    void taken_back(int topic);

    /// Of the last change: 32 hex digits and milliseconds, for checkpoint lines.
    std::string_view last_order() const noexcept { return m_order; }

private:
    /// Of a table, by which its records without value are understood.
    struct Sample {
        std::string value;     ///< of one of its records; may be empty
        std::string json;      ///< the same as JSON, where samples were looked for
        std::string key_names; ///< members of its key
    };
    struct Topic {
        std::string table; ///< of its last record that needed to know: as m_versions has it
        /// In the last table line of that table, which other topics may have too; nullptr: none.
        std::string* version = nullptr;
        bool compared = false; ///< with all others of its table
        std::string only;      ///< the version, where it is the only one; else empty
        bool ordered = false;  ///< offsets tell the order of a key's changes
        /// Of the tables that its records are of; those of ours, only where they were looked for.
        std::map<std::string, Sample> samples;
        std::string sampled;          ///< the table of the last record of others
        bool looked = false;          ///< for samples
        const void* schema = nullptr; ///< that of the last framed record of ours
        int unchecked = 0;            ///< records of it since headers were read
        std::uint64_t wait = 0;       ///< number of waits then
        /// Columns of a schema in Protobuf that are those of the table line of this version.
        const record::ProtoMessage* row = nullptr;
        std::string row_version;

        bool has(std::string_view wanted) const { return version != nullptr && *version == wanted; }
    };
    Topic& topic_of(const kafka::IncomingRecord& record) {
        return m_topics[static_cast<std::size_t>(record.topic)];
    }
    std::string& version_of(Topic& topic, std::string_view db, std::string_view schema,
                            std::string_view table);
    Emitted append_record(std::string& out, const kafka::IncomingRecord& record,
                          const std::string& topic_name);
    bool belongs_to_schema(const kafka::IncomingRecord& record) const;
    /// A value that belongs to a schema of a registry.
    Emitted append_framed(std::string& out, kafka::IncomingRecord& record,
                          const std::string& topic_name);
    /// Headers cost as much to read as all else of a record: they are read where numbers may begin
    /// to mean something else, which is where a publisher started, and now and then.
    bool must_check(Topic& topic, const FramedRecord& framed) const;
    /// Reads the record's headers. Throws Error (bad_data) when they name another shape than the
    /// schema: the registry lost what it knew, and gave the schema's number to another one.
    void check_written_by(kafka::IncomingRecord& record, const std::string& topic_name,
                          const FramedRecord& framed);
    /// Nothing when the record is no line of ours.
    std::optional<Emitted> append_own(std::string& out, const kafka::IncomingRecord& record,
                                      const std::string& topic_name);
    bool append_compacted_delete(std::string& out, const kafka::IncomingRecord& record,
                                 const std::string& topic_name, const Before& before);
    void keep_sample(const kafka::IncomingRecord& record);
    std::string deletion_of(const kafka::IncomingRecord& record, const std::string& topic_name);
    void take_sample(Topic& topic, std::string_view value, std::string_view json);
    void look_for_samples(Topic& topic, const std::string& topic_name);
    const Sample* sample_for(const kafka::IncomingRecord& record, const std::string& topic_name);
    void check_ordered(const kafka::IncomingRecord& record, const std::string& topic_name);
    bool append_alike(std::string& out, const kafka::IncomingRecord& record);
    bool needs_table_line(const kafka::IncomingRecord& record) const;
    void remember_version(const kafka::IncomingRecord& record, std::string_view table_line);
    /// That of the record, whose line, or value, is `line`.
    void append_table_line(std::string& out, const kafka::IncomingRecord& record,
                           const std::string& topic_name, std::string_view line);
    /// Of a record of ours in Connect's form with a schema (--envelope schema); else nullptr.
    const kafka::ConnectRow* own_row(const kafka::IncomingRecord& record,
                                     const std::string& topic_name);
    /// Of a record that came with its own schema.
    void append_row_table(std::string& out, const kafka::IncomingRecord& record,
                          const kafka::ConnectRow& row);
    void append_shape(std::string& out, event::Table table) const;
    void append_kafka_member(std::string& out, const kafka::IncomingRecord& record,
                             const std::string& topic_name);

    TableLines& m_table_lines;
    bool m_with_kafka;
    Ask m_ask;
    std::vector<Topic> m_topics; ///< by the consumer's number
    /// Of the table line that stands last, by database, schema and table as JSON.
    std::map<std::string, std::string, std::less<>> m_versions;
    std::map<std::string, kafka::ConnectRow, std::less<>> m_own_rows; ///< by version
    std::string m_table;                                              ///< scratch
    kafka::ChangeCut m_cut;
    kafka::ConnectRows m_rows;
    FramedRecords m_framed;
    std::uint64_t m_waits = 0;
    std::string m_order;
    std::string m_line; ///< scratch: a change without '\n'
};

} // namespace cdc::consume

#endif
