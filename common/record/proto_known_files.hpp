#ifndef CDC_RECORD_PROTO_KNOWN_FILES_HPP
#define CDC_RECORD_PROTO_KNOWN_FILES_HPP

#include <string_view>

namespace cdc::record {

/// The text of a .proto file that serializers do not register, since everybody has it: those of
/// google/protobuf, google/type and confluent. Empty: it is not one of them.
std::string_view proto_known_file(std::string_view name);

} // namespace cdc::record

#endif
