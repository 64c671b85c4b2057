#ifndef CDC_RECORD_PROTO_WIRE_HPP
#define CDC_RECORD_PROTO_WIRE_HPP

#include "base/error.hpp"
#include "record/proto_schema.hpp"
#include "record/wire.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

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

/// One field of a message as it stands in the bytes.
struct WireField {
    std::uint64_t number = 0;
    WireType type{};
    std::uint64_t bits = 0;
    std::string_view bytes;
};

/// What follows the tag. Throws Error (bad_data).
inline void read_wire_content(WireReader& reader, WireField& out) {
    switch (out.type) {
    case WireType::varint:
        out.bits = reader.varint();
        return;
    case WireType::eight:
        out.bits = reader.little(8);
        return;
    case WireType::four:
        out.bits = reader.little(4);
        return;
    case WireType::sized:
        out.bytes = reader.take(reader.varint());
        return;
    }
    base::fail(base::ExitCode::bad_data, "the Protobuf bytes have a field of type {}",
               static_cast<int>(out.type));
}

/// Throws Error (bad_data).
inline WireField read_wire_field(WireReader& reader) {
    const std::uint64_t tag = reader.varint();
    WireField out;
    out.number = tag >> 3;
    out.type = static_cast<WireType>(tag & 7);
    read_wire_content(reader, out);
    return out;
}

} // namespace cdc::record

#endif
