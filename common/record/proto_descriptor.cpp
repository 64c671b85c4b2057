#include "base/error.hpp"
#include "record/proto_builder.hpp"
#include "record/proto_wire.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

// Numbers of fields in google/protobuf/descriptor.proto.
namespace file_field {
constexpr std::uint64_t kPackage = 2;
constexpr std::uint64_t kDependency = 3;
constexpr std::uint64_t kMessage = 4;
constexpr std::uint64_t kEnum = 5;
constexpr std::uint64_t kSyntax = 12;
} // namespace file_field
namespace message_field {
constexpr std::uint64_t kName = 1;
constexpr std::uint64_t kField = 2;
constexpr std::uint64_t kMessage = 3;
constexpr std::uint64_t kEnum = 4;
constexpr std::uint64_t kOptions = 7;
} // namespace message_field
namespace field_field {
constexpr std::uint64_t kName = 1;
constexpr std::uint64_t kNumber = 3;
constexpr std::uint64_t kLabel = 4;
constexpr std::uint64_t kType = 5;
constexpr std::uint64_t kTypeName = 6;
constexpr std::uint64_t kOneof = 9;
} // namespace field_field
namespace enum_field {
constexpr std::uint64_t kName = 1;
constexpr std::uint64_t kValue = 2;
constexpr std::uint64_t kValueName = 1;
constexpr std::uint64_t kValueNumber = 2;
} // namespace enum_field
constexpr std::uint64_t kMapEntry = 7; ///< of MessageOptions
constexpr std::uint64_t kRepeated = 3; ///< of FieldDescriptorProto.Label

/// By FieldDescriptorProto.Type; empty: the type has a name, or is a group.
constexpr std::array<std::string_view, 19> kTypes{
    "", "double", "float", "int64",  "uint64", "int32",    "fixed64",  "fixed32", "bool",  "string",
    "", "",       "bytes", "uint32", "",       "sfixed32", "sfixed64", "sint32",  "sint64"};
constexpr std::uint64_t kGroup = 10;

WireReader reader_of(std::string_view bytes) {
    return {bytes, "Protobuf schema's"};
}

/// Calls `take` with each field of a message.
template<typename Take>
void for_each(std::string_view bytes, Take take) {
    for (WireReader reader = reader_of(bytes); !reader.at_end();) {
        take(read_wire_field(reader));
    }
}

/// Of the message's last such field; empty: it has none.
std::string_view bytes_of(std::string_view message, std::uint64_t number) {
    std::string_view out;
    for_each(message, [&](const WireField& field) {
        if (field.number == number) {
            out = field.bytes;
        }
    });
    return out;
}

/// Members of JSON are made of it.
std::string_view name_of(std::string_view message, std::uint64_t number) {
    const std::string_view name = bytes_of(message, number);
    const bool legal = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
    if (name.empty() || !legal) {
        fail(ExitCode::bad_data, "Protobuf schema: {} is no name", in_quotes(name));
    }
    return name;
}

bool is_map_entry(std::string_view options) {
    bool yes = false;
    for_each(options, [&](const WireField& field) {
        yes = field.number == kMapEntry ? field.bits != 0 : yes;
    });
    return yes;
}

class DescriptorReader {
public:
    explicit DescriptorReader(ProtoBuilder& builder) : m_builder{builder} {}

    void read(ProtoScope& file, std::string_view bytes) {
        m_proto3 = bytes_of(bytes, file_field::kSyntax) == "proto3";
        const std::string package{bytes_of(bytes, file_field::kPackage)};
        for_each(bytes, [&](const WireField& field) {
            if (field.number == file_field::kMessage) {
                message(file, package, field.bytes, 0);
            } else if (field.number == file_field::kEnum) {
                enumeration(package, field.bytes);
            } else if (field.number == file_field::kDependency) {
                m_builder.add_import(field.bytes);
            }
        });
    }

private:
    void message(ProtoScope& outer, const std::string& scope, std::string_view bytes, int depth) {
        if (depth > ProtoBuilder::kMostDepth) {
            fail(ExitCode::bad_data, "Protobuf schema: messages more than {} deep",
                 ProtoBuilder::kMostDepth);
        }
        ProtoScope& nested =
            m_builder.add_message(outer, scope, name_of(bytes, message_field::kName));
        ProtoMessage& out = *nested.message;
        for_each(bytes, [&](const WireField& one) {
            if (one.number == message_field::kField) {
                field(out, one.bytes);
            } else if (one.number == message_field::kMessage) {
                message(nested, out.name, one.bytes, depth + 1);
            } else if (one.number == message_field::kEnum) {
                enumeration(out.name, one.bytes);
            }
        });
        if (is_map_entry(bytes_of(bytes, message_field::kOptions))) {
            ProtoBuilder::make_entry(out);
        }
    }

    void field(ProtoMessage& out, std::string_view bytes) {
        std::uint64_t number = 0;
        std::uint64_t label = 0;
        std::uint64_t type = 0;
        bool in_oneof = false;
        std::string_view type_name;
        for_each(bytes, [&](const WireField& one) {
            switch (one.number) {
            case field_field::kNumber:
                number = one.bits;
                return;
            case field_field::kLabel:
                label = one.bits;
                return;
            case field_field::kType:
                type = one.bits;
                return;
            case field_field::kTypeName:
                type_name = one.bytes;
                return;
            case field_field::kOneof: // `optional` of proto3 has one of its own
                in_oneof = true;
                return;
            default:
                return;
            }
        });
        const std::string_view name = name_of(bytes, field_field::kName);
        const std::string_view scalar = type < kTypes.size() ? kTypes[type] : "";
        if (type == kGroup || (scalar.empty() && type_name.empty())) {
            fail(ExitCode::bad_data, "Protobuf schema: field {} is of type {}, which is not read",
                 in_quotes(name), type);
        }
        ProtoField& one = m_builder.add_field(out, scalar.empty() ? type_name : scalar, name,
                                              static_cast<std::int64_t>(number));
        one.repeated = label == kRepeated;
        one.presence = one.repeated || in_oneof || !m_proto3;
    }

    void enumeration(const std::string& scope, std::string_view bytes) {
        auto& labels = m_builder.add_enum(scope, name_of(bytes, enum_field::kName));
        for_each(bytes, [&](const WireField& value) {
            if (value.number != enum_field::kValue) {
                return;
            }
            std::uint64_t number = 0;
            for_each(value.bytes, [&](const WireField& one) {
                number = one.number == enum_field::kValueNumber ? one.bits : number;
            });
            ProtoBuilder::add_label(labels, name_of(value.bytes, enum_field::kValueName),
                                    static_cast<std::int64_t>(number));
        });
    }

    ProtoBuilder& m_builder;
    bool m_proto3 = false;
};

} // namespace

void read_proto_descriptor(ProtoBuilder& builder, ProtoScope& file, std::string_view bytes) {
    DescriptorReader{builder}.read(file, bytes);
}

} // namespace cdc::record
