#ifndef CDC_RECORD_CONNECT_SCHEMA_HPP
#define CDC_RECORD_CONNECT_SCHEMA_HPP

#include "record/named_schema.hpp"

#include <string>
#include <string_view>

namespace cdc::record {

/// The schema of Kafka Connect's JSON converter for the JSON that AvroDecoder makes of values of
/// this Avro schema, which Connect's or Debezium's Avro converter wrote. `references` have types
/// that it names. Throws Error (bad_data).
std::string connect_schema(std::string_view avro_schema, NamedSchemas references = {});

} // namespace cdc::record

#endif
