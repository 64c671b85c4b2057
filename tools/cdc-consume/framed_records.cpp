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

record::Framed need_frame(std::string_view bytes, const char* what) {
    const auto framed = record::parse_frame(bytes);
    if (!framed) {
        fail(ExitCode::bad_data, "the {} is too short for the id of a schema", what);
    }
    return *framed;
}

} // namespace

FramedRecords::FramedRecords(const registry::ClientOptions& options) {
    if (!options.urls.empty()) {
        m_client.emplace(options);
    }
}

const FramedRecords::Schema& FramedRecords::schema(std::uint32_t id) {
    if (const auto found = m_schemas.find(id); found != m_schemas.end()) {
        return found->second;
    }
    if (!m_client) {
        throw Error{ExitCode::bad_data,
                    fmt::format("the record belongs to schema id {} of a registry", id),
                    "Give its URL: --registry"};
    }
    const auto found = m_client->by_id(id);
    if (!found) {
        fail(ExitCode::bad_data, "schema id {} is not in the registry", id);
    }
    Schema schema;
    schema.format = found->format;
    std::string table;
    if (found->format == registry::Format::avro) {
        schema.avro = std::make_unique<record::AvroSchema>(found->text, found->references);
        table = schema.avro->table();
        if (table.empty()) {
            schema.connect = record::connect_schema(found->text, found->references);
        }
    } else if (found->format == registry::Format::json) {
        table = table_of_json_schema(found->text);
    } else {
        schema.proto = std::make_unique<record::ProtoSchema>(found->text, found->references);
    }
    if (!table.empty()) {
        schema.table = event::parse_table(table, schema.table_version);
        schema.table_version = event::shape_version(schema.table->columns);
    }
    return m_schemas.emplace(id, std::move(schema)).first->second;
}

std::string_view FramedRecords::json_of(std::string& scratch, const record::Framed& framed,
                                        const Schema& schema, event::FloatLayout floats) {
    if (!schema.avro && !schema.proto) {
        return framed.payload;
    }
    scratch.clear();
    if (schema.avro) {
        m_avro.append(scratch, *schema.avro, framed.payload);
        return scratch;
    }
    std::string_view bytes = framed.payload;
    const record::ProtoMessage& message = record::take_message(*schema.proto, bytes);
    m_proto.append(scratch, *schema.proto, message, floats, bytes);
    return scratch;
}

FramedRecord FramedRecords::decode(std::optional<std::string_view> key, std::string_view value) {
    FramedRecord out;
    const record::Framed framed = need_frame(value, "value");
    const Schema& known = schema(framed.id);
    const auto floats = known.proto ? known.proto->floats() : event::FloatLayout::postgres;
    if (key) {
        out.key = *key;
        if (record::is_framed(*key)) {
            const record::Framed framed_key = need_frame(*key, "key");
            out.key = json_of(m_key, framed_key, schema(framed_key.id), floats);
        }
    }
    out.value = json_of(m_value, framed, known, floats);
    out.table = known.table ? &*known.table : nullptr;
    out.table_version = known.table_version;
    out.connect_schema = known.connect;
    out.checked = known.avro != nullptr || known.proto != nullptr;
    out.own = out.table != nullptr || (known.proto != nullptr && known.proto->is_ours());
    return out;
}

} // namespace cdc::consume
