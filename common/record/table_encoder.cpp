#include "record/table_encoder.hpp"

#include "base/error.hpp"

namespace cdc::record {

TableEncoder::TableEncoder(Format format, const TableSchemas& schemas, AbsentColumns absent)
    : m_has_key{!schemas.key.empty()}, m_key{{}, {}, AvroEncoder{absent}},
      m_value{{}, {}, AvroEncoder{absent}} {
    if (format == Format::protobuf) {
        m_value.proto = std::make_unique<ProtoSchema>(schemas.value);
        if (m_has_key) {
            m_key.proto = std::make_unique<ProtoSchema>(schemas.key);
        }
    }
    if (format == Format::avro) {
        m_value.avro = std::make_unique<AvroSchema>(schemas.value);
        if (m_has_key) {
            m_key.avro = std::make_unique<AvroSchema>(schemas.key);
        }
    }
}

void TableEncoder::append(std::string& out, Records& records, std::string_view json) {
    append_frame(out, records.id);
    if (records.avro) {
        records.avro_encoder.append(out, *records.avro, json);
    } else if (records.proto) {
        append_first_message_path(out);
        m_proto.append(out, *records.proto, json);
    } else {
        out += json;
    }
}

void TableEncoder::append_key(std::string& out, std::string_view json) {
    if (!m_has_key) {
        base::fail(base::ExitCode::bad_data, "a key, which the table line does not have");
    }
    append(out, m_key, json);
}

void TableEncoder::append_value(std::string& out, std::string_view json) {
    append(out, m_value, json);
}

} // namespace cdc::record
