#ifndef CDC_RECORD_NAMED_SCHEMA_HPP
#define CDC_RECORD_NAMED_SCHEMA_HPP

#include <span>
#include <string>

namespace cdc::record {

/// A schema that another one refers to: for Avro, whose types it names, the name says nothing more;
/// for Protobuf it is that of the imported file.
struct NamedSchema {
    std::string name;
    std::string text;
};

/// Each stands behind those that it needs itself.
using NamedSchemas = std::span<const NamedSchema>;

} // namespace cdc::record

#endif
