#ifndef CDC_CONSUME_FRAMED_RECORDS_HPP
#define CDC_CONSUME_FRAMED_RECORDS_HPP

#include "event/table.hpp"
#include "kafka/incoming_record.hpp"
#include "record/avro_decoder.hpp"
#include "record/framing.hpp"
#include "record/proto_decoder.hpp"
#include "registry/client.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cdc::consume {

/// A record as JSON; views are valid until the next one.
struct FramedRecord {
    std::string_view key{"null"};
    std::string_view value;
    /// The shape of its table, without the table's identity, and its version; nullptr where the
    /// schema does not have it: of others' records, and of ours in Protobuf, whose header names it.
    const event::Table* table = nullptr;
    std::string_view table_version;
    std::string_view written_version; ///< as the schema has it: what records of it have in a header
    const record::ProtoMessage* row = nullptr; ///< of ours in Protobuf
    const void* schema = nullptr;              ///< which one
    std::string_view connect_schema;           ///< of a value that is not ours; empty: not known
    bool checked = false;                      ///< the value is known to be JSON and UTF-8
    bool own = false;                          ///< the line's value, whatever says its shape
};

/// Records that belong to schemas of a registry, by the schema that each was written with: the one
/// that a header names, else the one whose id the bytes begin with. Memory: one parsed schema for
/// each id and each GUID that came.
class FramedRecords {
public:
    explicit FramedRecords(const registry::ClientOptions& options);

    bool has_registry() const { return m_client.has_value(); }
    /// Whether the value begins with the id of a schema of ours that came before: no header names
    /// another one, as cdc-publish writes none.
    bool is_ours(std::string_view value) const;
    /// Throws Error: bad_data for bytes that are not what their schema says, and for schemas that
    /// the registry does not have.
    FramedRecord decode(const kafka::IncomingRecord& record);
    /// The key alone, "null" for none; valid until the next record.
    std::string_view key_of(const kafka::IncomingRecord& record);

private:
    struct Schema {
        registry::Format format{};
        std::unique_ptr<const record::AvroSchema> avro;
        record::AvroDecoder avro_decoder;
        std::unique_ptr<const record::ProtoSchema> proto;
        std::optional<event::Table> table;
        std::string table_version;
        std::string written_version;
        std::string connect;
        bool is_ours() const { return table.has_value() || (proto && proto->is_ours()); }
    };
    /// The last schema of values, or of keys: most records have it again.
    struct Last {
        std::uint32_t id = 0;
        Schema* schema = nullptr; ///< in m_schemas
    };
    Schema& schema(const record::Framed& framed, Last& last);
    Schema& schema_by_guid(std::string_view guid);
    static Schema parse(const registry::Schema& found);
    registry::Client& need_client(const std::string& what);
    std::string_view json_of(std::string& scratch, const record::Framed& framed, Schema& schema,
                             event::FloatLayout floats);

    std::optional<registry::Client> m_client;
    std::unordered_map<std::uint32_t, Schema> m_schemas;
    Last m_last_value;
    Last m_last_key;
    std::map<std::string, Schema, std::less<>> m_by_guid;
    record::ProtoDecoder m_proto;
    std::string m_key;
    std::string m_value;
};

} // namespace cdc::consume

#endif
