#include "record/table_encoder.hpp"

#include "base/error.hpp"

namespace cdc::record {

TableEncoder::TableEncoder(Format format, const TableSchemas& schemas, AbsentColumns absent)
    : m_has_key{!schemas.key.empty()}, m_avro{absent} {
    if (format == Format::protobuf) {
        m_proto_value = std::make_unique<ProtoSchema>(schemas.value);
        if (m_has_key) {
            m_proto_key = std::make_unique<ProtoSchema>(schemas.key);
        }
    }
    if (format == Format::avro) {
        m_value = std::make_unique<AvroSchema>(schemas.value);
        if (m_has_key) {
            m_key = std::make_unique<AvroSchema>(schemas.key);
        }
    }
}

void TableEncoder::append(std::string& out, std::uint32_t id, const AvroSchema* avro,
                          const ProtoSchema* proto, std::string_view json) {
    append_frame(out, id);
    if (avro != nullptr) {
        m_avro.append(out, *avro, json);
    } else if (proto != nullptr) {
        append_first_message_path(out);
        m_proto.append(out, *proto, json);
    } else {
        out += json;
    }
}

void TableEncoder::append_key(std::string& out, std::string_view json) {
    if (!m_has_key) {
        base::fail(base::ExitCode::bad_data, "a key, which the table line does not have");
    }
    append(out, m_key_id, m_key.get(), m_proto_key.get(), json);
}

void TableEncoder::append_value(std::string& out, std::string_view json) {
    append(out, m_value_id, m_value.get(), m_proto_value.get(), json);
}

} // namespace cdc::record
