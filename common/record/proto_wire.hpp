#ifndef CDC_RECORD_PROTO_WIRE_HPP
#define CDC_RECORD_PROTO_WIRE_HPP

#include "record/proto_schema.hpp"

#include <cstdint>
#include <limits>

namespace cdc::record {

/// The low three bits of a field's tag.
enum class WireType : std::uint8_t { varint = 0, eight = 1, sized = 2, four = 5 };

inline WireType wire_type(ProtoKind kind) {
    switch (kind) {
    case ProtoKind::fixed64:
    case ProtoKind::sfixed64:
    case ProtoKind::float64:
        return WireType::eight;
    case ProtoKind::fixed32:
    case ProtoKind::sfixed32:
    case ProtoKind::float32:
        return WireType::four;
    case ProtoKind::string:
    case ProtoKind::bytes:
    case ProtoKind::message:
        return WireType::sized;
    default:
        return WireType::varint;
    }
}

/// Whether a kind of integer has the number.
inline bool holds(ProtoKind kind, std::int64_t number) {
    switch (kind) {
    case ProtoKind::int32:
    case ProtoKind::sint32:
    case ProtoKind::sfixed32:
        return number >= std::numeric_limits<std::int32_t>::min() &&
               number <= std::numeric_limits<std::int32_t>::max();
    case ProtoKind::uint32:
    case ProtoKind::fixed32:
        return number >= 0 && number <= std::numeric_limits<std::uint32_t>::max();
    default:
        return true;
    }
}

/// For messages.
inline const char* kind_name(const ProtoField& field) {
    constexpr const char* kNames[] = {"bool",     "int32",  "int64",   "uint32",  "uint64",
                                      "sint32",   "sint64", "fixed32", "fixed64", "sfixed32",
                                      "sfixed64", "float",  "double",  "string",  "bytes",
                                      "enum",     "message"};
    return kNames[static_cast<std::size_t>(field.kind)];
}

} // namespace cdc::record

#endif
