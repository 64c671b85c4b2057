#include "record/proto_builder.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "record/field_name.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::size_t kMostFields = 20'000;
constexpr std::uint32_t kMostNumber = (1U << 29) - 1;

constexpr std::array<std::pair<std::string_view, ProtoKind>, 15> kScalars{
    {{"bool", ProtoKind::boolean},
     {"int32", ProtoKind::int32},
     {"int64", ProtoKind::int64},
     {"uint32", ProtoKind::uint32},
     {"uint64", ProtoKind::uint64},
     {"sint32", ProtoKind::sint32},
     {"sint64", ProtoKind::sint64},
     {"fixed32", ProtoKind::fixed32},
     {"fixed64", ProtoKind::fixed64},
     {"sfixed32", ProtoKind::sfixed32},
     {"sfixed64", ProtoKind::sfixed64},
     {"float", ProtoKind::float32},
     {"double", ProtoKind::float64},
     {"string", ProtoKind::string},
     {"bytes", ProtoKind::bytes}}};

} // namespace

std::string ProtoBuilder::full_name(const std::string& scope, std::string_view name) {
    return scope.empty() ? std::string{name} : scope + "." + std::string{name};
}

ProtoScope& ProtoBuilder::add_message(ProtoScope& outer, const std::string& scope,
                                      std::string_view name) {
    ProtoMessage* out = m_schema.m_messages.emplace_back(std::make_unique<ProtoMessage>()).get();
    ProtoScope& nested = *outer.messages.emplace_back(std::make_unique<ProtoScope>());
    nested.message = out;
    out->name = full_name(scope, name);
    if (!m_names.emplace(out->name, out).second) {
        fail(ExitCode::bad_data, "Protobuf schema: a name twice: {}", in_quotes(out->name));
    }
    return nested;
}

ProtoMessage& ProtoBuilder::add_entry(const ProtoMessage& of) {
    ProtoMessage& entry = *m_schema.m_messages.emplace_back(std::make_unique<ProtoMessage>());
    entry.name = of.name;
    return entry;
}

void ProtoBuilder::make_entry(ProtoMessage& message) {
    for (ProtoField& field : message.fields) {
        field.presence = false;
    }
}

ProtoField& ProtoBuilder::add_field(ProtoMessage& message, std::string_view type,
                                    std::string_view name, std::int64_t number) {
    if (number < 1 || number > kMostNumber) {
        fail(ExitCode::bad_data, "Protobuf schema: field number {}", number);
    }
    if (++m_fields > kMostFields) {
        fail(ExitCode::bad_data, "Protobuf schema: more than {} fields", kMostFields);
    }
    const auto same = std::find_if(message.fields.begin(), message.fields.end(),
                                   [&](const auto& other) { return other.number == number; });
    if (same != message.fields.end()) {
        fail(ExitCode::bad_data, "Protobuf schema: field number {} twice in {}", number,
             in_quotes(message.name));
    }
    ProtoField& field = message.fields.emplace_back();
    field.name = column_name(name);
    event::append_json_string(field.member, field.name);
    field.member += ':';
    field.number = static_cast<std::uint32_t>(number);
    const auto* scalar = std::find_if(kScalars.begin(), kScalars.end(),
                                      [&](const auto& one) { return one.first == type; });
    if (scalar != kScalars.end()) {
        field.kind = scalar->second;
    } else {
        m_named_types.push_back({&message, message.fields.size() - 1, std::string{type}});
    }
    return field;
}

std::map<std::int64_t, std::string>& ProtoBuilder::add_enum(const std::string& scope,
                                                            std::string_view name) {
    return m_schema.m_enums[full_name(scope, name)];
}

void ProtoBuilder::add_label(std::map<std::int64_t, std::string>& labels, std::string_view name,
                             std::int64_t number) {
    std::string& text = labels[number];
    text.clear();
    event::append_json_string(text, name);
}

void ProtoBuilder::add_import(std::string_view name) {
    if (m_imported.emplace(name).second) {
        m_imports.emplace_back(name);
    }
}

std::optional<std::string> ProtoBuilder::take_import() {
    if (m_imports.empty()) {
        return std::nullopt;
    }
    std::string name = std::move(m_imports.back());
    m_imports.pop_back();
    return name;
}

void ProtoBuilder::resolve() {
    for (const NamedType& one : m_named_types) {
        resolve(one);
    }
}

/// A name is looked for in the message's own scope, then in each around it.
void ProtoBuilder::resolve(const NamedType& one) {
    ProtoField& field = one.message->fields[one.field];
    std::string scope = one.message->name;
    const bool absolute = one.type.starts_with('.');
    while (true) {
        const std::string name = absolute ? one.type.substr(1) : full_name(scope, one.type);
        if (const auto found = m_names.find(name); found != m_names.end()) {
            field.kind = ProtoKind::message;
            field.message = found->second;
            field.presence = true;
            return;
        }
        if (const auto found = m_schema.m_enums.find(name); found != m_schema.m_enums.end()) {
            field.kind = ProtoKind::enumeration;
            field.labels = &found->second;
            return;
        }
        if (absolute || scope.empty()) {
            fail(ExitCode::bad_data, "Protobuf schema: unknown type {}{}", in_quotes(one.type),
                 m_missing.empty()
                     ? ""
                     : ", nor is there the file that it imports: " + in_quotes(m_missing.front()));
        }
        const auto dot = scope.rfind('.');
        scope.resize(dot == std::string::npos ? 0 : dot);
    }
}

} // namespace cdc::record
