#include "record/proto_schema.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "record/proto_builder.hpp"
#include "record/proto_known_files.hpp"

#include <algorithm>
#include <array>

namespace cdc::record {

using base::ExitCode;
using base::fail;

namespace {

/// No text of a schema is base64: it has blanks or braces.
void read_file(ProtoBuilder& builder, ProtoScope& file, std::string_view text) {
    std::string bytes;
    if (!text.empty() && base::append_base64_decoded(bytes, text)) {
        read_proto_descriptor(builder, file, bytes);
    } else {
        read_proto_text(builder, file, text);
    }
}

/// Empty: nobody has it.
std::string_view file_of(const std::string& name, NamedSchemas references) {
    const auto found = std::find_if(references.begin(), references.end(),
                                    [&](const NamedSchema& one) { return one.name == name; });
    return found == references.end() ? proto_known_file(name) : std::string_view{found->text};
}

} // namespace

bool ProtoMessage::is_list() const {
    return fields.size() == 1 && fields[0].repeated && fields[0].name == "items";
}

bool ProtoMessage::is_item() const {
    return fields.size() == 1 && !fields[0].repeated && fields[0].name == "value";
}

ProtoSchema::ProtoSchema(std::string_view text, NamedSchemas references) {
    ProtoBuilder builder{*this};
    read_file(builder, m_file, text);
    if (m_messages.empty()) {
        fail(ExitCode::bad_data, "Protobuf schema: it has no message");
    }
    // Imported files are read when the file itself has been: its first message is the root.
    while (const auto name = builder.take_import()) {
        const std::string_view imported = file_of(*name, references);
        if (imported.empty()) {
            builder.note_missing(*name);
            continue;
        }
        ProtoScope scope;
        read_file(builder, scope, imported);
    }
    builder.resolve();
    note_ours();
}

const ProtoMessage* ProtoSchema::at(const std::vector<std::uint32_t>& path) const {
    const ProtoScope* at = &m_file;
    for (const std::uint32_t index : path) {
        if (index >= at->messages.size()) {
            return nullptr;
        }
        at = at->messages[index].get();
    }
    return at->message;
}

const ProtoMessage* ProtoSchema::row() const {
    const auto& fields = root().fields;
    const auto after = std::find_if(fields.begin(), fields.end(),
                                    [](const ProtoField& field) { return field.name == "after"; });
    return m_ours && after != fields.end() ? after->message : nullptr;
}

void ProtoSchema::note_ours() {
    constexpr std::array<std::string_view, 9> kLeftOut{
        "unchanged",     "key_after", "key_before", "transaction", "before_columns",
        "after_columns", "sequence",  "fetched",    "gone"};
    ProtoMessage& envelope = *m_messages.front();
    const auto field_of = [](ProtoMessage& message, std::string_view name) {
        const auto found = std::find_if(message.fields.begin(), message.fields.end(),
                                        [&](const auto& field) { return field.name == name; });
        return found == message.fields.end() ? nullptr : &*found;
    };
    const ProtoField* source = field_of(envelope, "source");
    m_ours = envelope.name.ends_with("Envelope") &&
             field_of(envelope, "before_columns") != nullptr &&
             field_of(envelope, "after_columns") != nullptr && source != nullptr &&
             source->message != nullptr;
    if (!m_ours) {
        return;
    }
    for (const auto& message : m_messages) {
        if (message.get() != &envelope && message.get() != source->message) {
            continue;
        }
        for (ProtoField& field : message->fields) {
            field.left_out =
                std::find(kLeftOut.begin(), kLeftOut.end(), field.name) != kLeftOut.end();
        }
        if (message.get() == source->message && field_of(*message, "file") != nullptr) {
            m_floats = event::FloatLayout::plain;
        }
    }
}

} // namespace cdc::record
