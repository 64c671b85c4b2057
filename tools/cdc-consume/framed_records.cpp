#include "cdc-consume/framed_records.hpp"

#include "base/error.hpp"
#include "record/connect_schema.hpp"

#include <nlohmann/json.hpp>

namespace cdc::consume {

using base::Error;
using base::ExitCode;
using base::fail;

namespace {

/// The attribute `cdc.table` of a JSON schema; empty: it has none.
std::string table_of_json_schema(const std::string& text) {
    const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    return json.is_object() && json.contains("cdc.table") ? json["cdc.table"].dump()
                                                          : std::string{};
}

/// `header` names the schema, if the record has it; else the bytes begin with the schema's id. It
/// is never nothing, and what parse_frame() gave, not a copy.
std::optional<record::Framed> need_frame(std::string_view bytes,
                                         std::optional<std::string_view> header, bool is_key) {
    auto framed = header ? record::parse_schema_header(*header, bytes) : record::parse_frame(bytes);
    if (!framed && header) {
        fail(ExitCode::bad_data, "header {}, of {} bytes, has no id of a schema",
             is_key ? record::kKeySchemaHeader : record::kValueSchemaHeader, header->size());
    }
    if (!framed) {
        fail(ExitCode::bad_data, "the {} is too short for the id of a schema",
             is_key ? "key" : "value");
    }
    return framed;
}

/// Of a header that does not end behind the id, or behind Protobuf's path of message indexes.
[[noreturn]] void refuse_rest(std::string_view rest) {
    fail(ExitCode::bad_data, "the header with the id of a schema has {} bytes too many",
         rest.size());
}

} // namespace

FramedRecords::FramedRecords(const registry::ClientOptions& options) {
    if (!options.urls.empty()) {
        m_client.emplace(options);
    }
}

bool FramedRecords::is_ours(std::string_view value) const {
    const auto framed = record::parse_frame(value);
    if (framed && m_last_value.schema != nullptr && framed->id == m_last_value.id) {
        return m_last_value.schema->is_ours();
    }
    const auto found = framed ? m_schemas.find(framed->id) : m_schemas.end();
    return found != m_schemas.end() && found->second.is_ours();
}

registry::Client& FramedRecords::need_client(const std::string& what) {
    if (!m_client) {
        throw Error{ExitCode::bad_data, fmt::format("the record belongs to {} of a registry", what),
                    "Give its URL: --registry"};
    }
    return *m_client;
}

FramedRecords::Schema& FramedRecords::schema(const record::Framed& framed, Last& last) {
    if (!framed.guid.empty()) {
        return schema_by_guid(framed.guid);
    }
    const std::uint32_t id = framed.id;
    if (last.schema == nullptr || last.id != id) {
        auto known = m_schemas.find(id);
        if (known == m_schemas.end()) {
            const auto found = need_client(fmt::format("schema id {}", id)).by_id(id);
            if (!found) {
                fail(ExitCode::bad_data, "schema id {} is not in the registry", id);
            }
            known = m_schemas.emplace(id, parse(*found)).first;
        }
        last = {id, &known->second};
    }
    return *last.schema;
}

FramedRecords::Schema& FramedRecords::schema_by_guid(std::string_view guid) {
    if (const auto found = m_by_guid.find(guid); found != m_by_guid.end()) {
        return found->second;
    }
    const std::string text = record::guid_text(guid);
    const auto found = need_client("schema " + text).by_guid(text);
    if (!found) {
        fail(ExitCode::bad_data, "schema {} is not in the registry", text);
    }
    return m_by_guid.emplace(guid, parse(*found)).first->second;
}

FramedRecords::Schema FramedRecords::parse(const registry::Schema& found) {
    Schema schema;
    schema.format = found.format;
    std::string table;
    if (found.format == registry::Format::avro) {
        schema.avro = std::make_unique<record::AvroSchema>(found.text, found.references);
        table = schema.avro->table();
        if (table.empty()) {
            schema.connect = record::connect_schema(found.text, found.references);
        }
    } else if (found.format == registry::Format::json) {
        table = table_of_json_schema(found.text);
    } else {
        schema.proto = std::make_unique<record::ProtoSchema>(found.text, found.references);
    }
    if (!table.empty()) {
        schema.table = event::parse_table(table, schema.written_version);
        schema.table_version =
            event::shape_version(schema.table->columns) + event::collations_text(*schema.table);
    }
    return schema;
}

std::string_view FramedRecords::json_of(std::string& scratch, const record::Framed& framed,
                                        Schema& schema, event::FloatLayout floats) {
    std::string_view rest = framed.header_rest.value_or("");
    if (!schema.proto && !rest.empty()) {
        refuse_rest(rest);
    }
    if (!schema.avro && !schema.proto) {
        return framed.payload;
    }
    scratch.clear();
    if (schema.avro) {
        schema.avro_decoder.append(scratch, *schema.avro, framed.payload);
        return scratch;
    }
    std::string_view bytes = framed.payload;
    const record::ProtoMessage& message =
        record::take_message(*schema.proto, framed.header_rest ? rest : bytes);
    if (!rest.empty()) {
        refuse_rest(rest);
    }
    m_proto.append(scratch, *schema.proto, message, floats, bytes);
    return scratch;
}

std::string_view FramedRecords::key_of(const kafka::IncomingRecord& record) {
    if (!record.key || !(record.key_schema || record::is_framed(*record.key))) {
        return record.key.value_or("null");
    }
    const auto framed = need_frame(*record.key, record.key_schema, true);
    Schema& known = schema(*framed, m_last_key);
    return json_of(m_key, *framed, known,
                   known.proto ? known.proto->floats() : event::FloatLayout::postgres);
}

FramedRecord FramedRecords::decode(const kafka::IncomingRecord& record) {
    FramedRecord out;
    const auto framed = need_frame(record.value.value(), record.value_schema, false);
    Schema& known = schema(*framed, m_last_value);
    const auto floats = known.proto ? known.proto->floats() : event::FloatLayout::postgres;
    if (record.key) {
        out.key = *record.key;
        if (record.key_schema || record::is_framed(*record.key)) {
            const auto framed_key = need_frame(*record.key, record.key_schema, true);
            out.key = json_of(m_key, *framed_key, schema(*framed_key, m_last_key), floats);
        }
    }
    out.value = json_of(m_value, *framed, known, floats);
    out.table = known.table ? &*known.table : nullptr;
    out.table_version = known.table_version;
    out.schema = &known;
    out.written_version = known.written_version;
    out.row = known.proto ? known.proto->row() : nullptr;
    out.connect_schema = known.connect;
    out.checked = known.avro != nullptr || known.proto != nullptr;
    out.own = known.is_ours();
    return out;
}

} // namespace cdc::consume
