#ifndef CDC_RECORD_TABLE_ENCODER_HPP
#define CDC_RECORD_TABLE_ENCODER_HPP

#include "record/avro_encoder.hpp"
#include "record/avro_schema.hpp"
#include "record/framing.hpp"
#include "record/proto_encoder.hpp"
#include "record/proto_schema.hpp"
#include "record/table_schemas.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cdc::record {

/// Keys and values of one shape of a table, framed with the numbers of their schemas.
class TableEncoder {
public:
    /// Throws Error (bad_data) for a schema that is none.
    TableEncoder(Format format, const TableSchemas& schemas, AbsentColumns absent);

    void set_ids(std::uint32_t key, std::uint32_t value) {
        m_key_id = key;
        m_value_id = value;
    }

    /// The key, and the value, of a change (cdc-event(5)), JSON objects. Throw Error (bad_data).
    void append_key(std::string& out, std::string_view json);
    void append_value(std::string& out, std::string_view json);

private:
    void append(std::string& out, std::uint32_t id, const AvroSchema* avro,
                const ProtoSchema* proto, std::string_view json);

    bool m_has_key;
    std::unique_ptr<const AvroSchema> m_key;          ///< of Avro
    std::unique_ptr<const AvroSchema> m_value;        ///< of Avro
    std::unique_ptr<const ProtoSchema> m_proto_key;   ///< of Protobuf
    std::unique_ptr<const ProtoSchema> m_proto_value; ///< of Protobuf
    AvroEncoder m_avro;
    ProtoEncoder m_proto;
    std::uint32_t m_key_id = 0;
    std::uint32_t m_value_id = 0;
};

} // namespace cdc::record

#endif
