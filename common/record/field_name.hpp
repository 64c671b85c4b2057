#ifndef CDC_RECORD_FIELD_NAME_HPP
#define CDC_RECORD_FIELD_NAME_HPP

#include <string>
#include <string_view>

/// Names as Avro and Protobuf take them: letters, digits and '_', no digit first. Every other
/// character is written as `_xHHHH_`, HHHH its Unicode number in at least four hex digits, as
/// SQL/XML (ISO 9075-14) writes names; so is the '_' of a "_x" that stands in the name. The rule
/// can be undone for each name.
namespace cdc::record {

/// `name` is UTF-8; a byte that is not counts as its own number.
std::string field_name(std::string_view name);

/// The opposite. What field_name() never writes is left as it is.
std::string column_name(std::string_view field);

/// The name in a member as it stands in JSON, `"name":`.
inline std::string_view name_in(std::string_view member) {
    return member.substr(1, member.size() - 3);
}

} // namespace cdc::record

#endif
