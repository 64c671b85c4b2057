#ifndef CDC_RECORD_AVRO_TEXT_HPP
#define CDC_RECORD_AVRO_TEXT_HPP

#include <string>
#include <string_view>

/// Parts of the text of an Avro schema. Names are already legal (field_name()), types are JSON.
namespace cdc::record {

/// `more` stands behind the type, with a comma in front.
std::string avro_field(std::string_view name, std::string_view type, std::string_view more = {});

/// ["null",TYPE], with default null.
std::string nullable_avro_field(std::string_view name, std::string_view type);

} // namespace cdc::record

#endif
