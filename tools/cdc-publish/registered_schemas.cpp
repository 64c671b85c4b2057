#include "cdc-publish/registered_schemas.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "event/line_encoding.hpp"
#include "event/table.hpp"

#include <fmt/ranges.h>

namespace cdc::publish {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

constexpr std::size_t kMostEncoders = 10'000;

record::TableSchemas schemas_of(record::Format format, event::Encoding encoding,
                                const record::TableContext& context) {
    const bool debezium = encoding == event::Encoding::debezium;
    if (format == record::Format::avro) {
        return debezium ? record::debezium_avro_schemas(context) : record::avro_schemas(context);
    }
    if (debezium) {
        throw Error{ExitCode::refused,
                    fmt::format("the values of {} are in Debezium's encodings, for which --format "
                                "{} has no schemas",
                                in_quotes(context.table.display_name()),
                                format == record::Format::json ? "json-schema" : "protobuf"),
                    "Use --format avro or json, or capture without --types debezium"};
    }
    return format == record::Format::protobuf ? record::proto_schemas(context)
                                              : record::json_schemas(context);
}

} // namespace

RegisteredSchemas::RegisteredSchemas(const Options& options)
    : m_options{options}, m_client{options.registry_client} {}

void RegisteredSchemas::look_up(Wanted& wanted) {
    if (const auto id = m_client.id_of(wanted.subject, wanted.schema)) {
        wanted.id = *id;
    } else if (m_options.no_register) {
        throw Error{
            ExitCode::refused,
            fmt::format("the schema is not registered under subject {}", in_quotes(wanted.subject)),
            "Register it, or leave out --no-register"};
    }
}

void RegisteredSchemas::check_objections(const Wanted& wanted) {
    if (wanted.id >= 0) {
        return;
    }
    const auto words = m_client.objections(wanted.subject, wanted.schema);
    if (!words.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("the new schema is not compatible with subject {}, says the "
                                "registry: {}",
                                in_quotes(wanted.subject), fmt::join(words, "; ")),
                    "Readers of the topic need to know first: change the subject's compatibility, "
                    "or begin a new topic with another --prefix or --topic"};
    }
}

std::shared_ptr<record::TableEncoder> RegisteredSchemas::encoder(const std::string& topic,
                                                                 const event::DecodedLine& line) {
    const event::Source& source = line.source;
    const event::Encoding encoding = event::encoding_of(source.raw);
    std::string made_of = topic + '\0' + source.connector;
    made_of += encoding == event::Encoding::debezium ? 'd' : 'e';
    made_of += line.payload;
    if (const auto found = m_encoders.find(made_of); found != m_encoders.end()) {
        return found->second;
    }
    const event::Table table = event::table_of(line);
    const record::TableSchemas schemas = schemas_of(
        *m_options.format, encoding, {table, line.payload, source.connector, m_options.prefix});
    const auto wanted = [&](bool is_key, const std::string& name, const std::string& text) {
        return Wanted{registry::subject_of(m_options.subjects, topic, is_key, name),
                      {*m_options.format, text}};
    };
    Wanted records[] = {wanted(true, schemas.key_name, schemas.key),
                        wanted(false, schemas.value_name, schemas.value)};
    auto encoder = std::make_shared<record::TableEncoder>(*m_options.format, schemas,
                                                          encoding == event::Encoding::debezium
                                                              ? record::AbsentColumns::debezium
                                                              : record::AbsentColumns::listed);
    // Both are asked for before one is registered, so that a refusal leaves no half.
    const std::size_t first = schemas.key.empty() ? 1 : 0;
    for (std::size_t i = first; i < std::size(records); ++i) {
        look_up(records[i]);
        check_objections(records[i]);
    }
    for (std::size_t i = first; i < std::size(records); ++i) {
        if (records[i].id < 0) {
            records[i].id = m_client.add(records[i].subject, records[i].schema);
            base::log::info("schema {} registered under subject {}", records[i].id,
                            in_quotes(records[i].subject));
        }
    }
    encoder->set_ids(static_cast<std::uint32_t>(records[0].id),
                     static_cast<std::uint32_t>(records[1].id));
    if (m_encoders.size() >= kMostEncoders) {
        m_encoders.clear();
    }
    m_encoders[made_of] = encoder;
    return encoder;
}

} // namespace cdc::publish
