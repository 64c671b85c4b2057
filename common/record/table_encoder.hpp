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
        m_key.id = key;
        m_value.id = value;
    }

    /// The key, and the value, of a change (cdc-event(5)), JSON objects. Throw Error (bad_data).
    void append_key(std::string& out, std::string_view json);
    void append_value(std::string& out, std::string_view json);

private:
    /// What records of one schema are encoded with.
    struct Records {
        std::unique_ptr<const AvroSchema> avro;   ///< of Avro
        std::unique_ptr<const ProtoSchema> proto; ///< of Protobuf
        AvroEncoder avro_encoder;
        std::uint32_t id = 0;
    };
    void append(std::string& out, Records& records, std::string_view json);

    bool m_has_key;
    Records m_key;
    Records m_value;
    ProtoEncoder m_proto;
};

} // namespace cdc::record

#endif
