#include "record/table_encoder.hpp"

#include "base/error.hpp"

namespace cdc::record {

TableEncoder::TableEncoder(Format format, const TableSchemas& schemas, AbsentColumns absent)
    : m_has_key{!schemas.key.empty()}, m_avro{absent} {
    if (format == Format::avro) {
        m_value = std::make_unique<AvroSchema>(schemas.value);
        if (m_has_key) {
            m_key = std::make_unique<AvroSchema>(schemas.key);
        }
    }
}

void TableEncoder::append(std::string& out, std::uint32_t id, const AvroSchema* schema,
                          std::string_view json) {
    append_frame(out, id);
    if (schema != nullptr) {
        m_avro.append(out, *schema, json);
    } else {
        out += json;
    }
}

void TableEncoder::append_key(std::string& out, std::string_view json) {
    if (!m_has_key) {
        base::fail(base::ExitCode::bad_data, "a key, which the table line does not have");
    }
    append(out, m_key_id, m_key.get(), json);
}

void TableEncoder::append_value(std::string& out, std::string_view json) {
    append(out, m_value_id, m_value.get(), json);
}

} // namespace cdc::record
