#include "record/proto_schema.hpp"

#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "record/field_name.hpp"
#include "record/proto_tokens.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace cdc::record {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr int kMostDepth = 32;
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

class ProtoParser {
public:
    ProtoParser(ProtoSchema& schema, NamedSchemas references)
        : m_schema{schema}, m_references{references} {}

    /// Imported files are read when the file itself has been: its first message is the root.
    void parse(std::string_view text) {
        file(text, m_schema.m_file);
        if (m_schema.m_messages.empty()) {
            fail(ExitCode::bad_data, "Protobuf schema: it has no message");
        }
        while (!m_imports.empty()) {
            const std::string name = std::move(m_imports.back());
            m_imports.pop_back();
            const auto found = std::find_if(m_references.begin(), m_references.end(),
                                            [&](const auto& one) { return one.name == name; });
            if (found == m_references.end()) {
                m_missing.push_back(name);
                continue;
            }
            ProtoSchema::Nested imported;
            file(found->text, imported);
        }
        for (const NamedType& one : m_named_types) {
            resolve(one);
        }
    }

private:
    /// A field whose type is a name.
    struct NamedType {
        ProtoMessage* message;
        std::size_t field;
        std::string type;
    };

    void file(std::string_view text, ProtoSchema::Nested& messages) {
        m_tokens = ProtoTokens{text};
        m_package.clear();
        m_proto3 = false;
        while (!m_tokens.at_end()) {
            statement(messages);
        }
    }

    void statement(ProtoSchema::Nested& messages) {
        if (m_tokens.accept("message")) {
            message(messages, m_package, 0);
        } else if (m_tokens.accept("enum")) {
            enumeration(m_package);
        } else if (m_tokens.accept("package")) {
            m_package = m_tokens.take_name();
            m_tokens.expect(";");
        } else if (m_tokens.accept("import")) {
            if (!m_tokens.accept("public")) {
                m_tokens.accept("weak");
            }
            if (const std::string name{m_tokens.take_text()}; m_imported.insert(name).second) {
                m_imports.push_back(name);
            }
            m_tokens.expect(";");
        } else if (m_tokens.accept("syntax")) {
            m_tokens.expect("=");
            const std::string_view syntax = m_tokens.take();
            m_proto3 = syntax.find("proto3") != std::string_view::npos;
            m_tokens.expect(";");
        } else if (!m_tokens.accept(";")) {
            m_tokens.skip_statement();
        }
    }

    static std::string full_name(const std::string& scope, std::string_view name) {
        return scope.empty() ? std::string{name} : scope + "." + std::string{name};
    }

    void message(ProtoSchema::Nested& outer, const std::string& scope, int depth) {
        if (depth > kMostDepth) {
            fail(ExitCode::bad_data, "Protobuf schema: messages more than {} deep", kMostDepth);
        }
        ProtoMessage* out =
            m_schema.m_messages.emplace_back(std::make_unique<ProtoMessage>()).get();
        auto& nested = *outer.messages.emplace_back(std::make_unique<ProtoSchema::Nested>());
        nested.message = out;
        out->name = full_name(scope, m_tokens.take_name());
        if (!m_names.emplace(out->name, out).second) {
            fail(ExitCode::bad_data, "Protobuf schema: a name twice: {}", in_quotes(out->name));
        }
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.accept("message")) {
                message(nested, out->name, depth + 1);
            } else if (m_tokens.accept("enum")) {
                enumeration(out->name);
            } else if (m_tokens.accept("oneof")) {
                choice(*out);
            } else if (m_tokens.peek() == "option" || m_tokens.peek() == "reserved" ||
                       m_tokens.peek() == "extensions" || m_tokens.peek() == "extend") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                labelled_field(*out);
            }
        }
    }

    void choice(ProtoMessage& out) {
        m_tokens.take_name();
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.peek() == "option") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                field(out, m_tokens.take_name(), false, true);
            }
        }
    }

    void labelled_field(ProtoMessage& out) {
        const std::string_view label = m_tokens.take_name();
        if (label == "map" && m_tokens.peek() == "<") {
            map_field(out);
        } else if (label == "optional" || label == "required" || label == "repeated") {
            field(out, m_tokens.take_name(), label == "repeated", true);
        } else {
            field(out, label, false, !m_proto3);
        }
    }

    /// Its entries are messages with a key and a value.
    void map_field(ProtoMessage& out) {
        m_tokens.expect("<");
        auto& entry = *m_schema.m_messages.emplace_back(std::make_unique<ProtoMessage>());
        entry.name = out.name;
        const std::string_view key = m_tokens.take_name();
        m_tokens.expect(",");
        const std::string_view value = m_tokens.take_name();
        m_tokens.expect(">");
        add_field(entry, key, "key", 1);
        add_field(entry, value, "value", 2);
        const std::string_view name = m_tokens.take_name();
        m_tokens.expect("=");
        ProtoField& one = add_field(out, "bytes", name, take_field_number());
        one.repeated = true;
        one.kind = ProtoKind::message;
        one.message = &entry;
        m_tokens.skip_options();
        m_tokens.expect(";");
    }

    std::uint32_t take_field_number() {
        const std::int64_t number = m_tokens.take_number();
        if (number < 1 || number > kMostNumber) {
            fail(ExitCode::bad_data, "Protobuf schema: field number {}", number);
        }
        return static_cast<std::uint32_t>(number);
    }

    void field(ProtoMessage& out, std::string_view type, bool repeated, bool presence) {
        const std::string_view name = m_tokens.take_name();
        m_tokens.expect("=");
        ProtoField& one = add_field(out, type, name, take_field_number());
        one.repeated = repeated;
        one.presence = presence;
        m_tokens.skip_options();
        m_tokens.expect(";");
    }

    ProtoField& add_field(ProtoMessage& out, std::string_view type, std::string_view name,
                          std::uint32_t number) {
        if (++m_fields > kMostFields) {
            fail(ExitCode::bad_data, "Protobuf schema: more than {} fields", kMostFields);
        }
        const auto same = std::find_if(out.fields.begin(), out.fields.end(),
                                       [&](const auto& other) { return other.number == number; });
        if (same != out.fields.end()) {
            fail(ExitCode::bad_data, "Protobuf schema: field number {} twice in {}", number,
                 in_quotes(out.name));
        }
        ProtoField& field = out.fields.emplace_back();
        field.name = column_name(name);
        event::append_json_string(field.member, field.name);
        field.member += ':';
        field.number = number;
        const auto* scalar = std::find_if(kScalars.begin(), kScalars.end(),
                                          [&](const auto& one) { return one.first == type; });
        if (scalar != kScalars.end()) {
            field.kind = scalar->second;
        } else {
            m_named_types.push_back({&out, out.fields.size() - 1, std::string{type}});
        }
        return field;
    }

    void enumeration(const std::string& scope) {
        auto& labels = m_schema.m_enums[full_name(scope, m_tokens.take_name())];
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.peek() == "option" || m_tokens.peek() == "reserved") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                const std::string_view name = m_tokens.take_name();
                m_tokens.expect("=");
                std::string& text = labels[m_tokens.take_number()];
                text.clear();
                event::append_json_string(text, name);
                m_tokens.skip_options();
                m_tokens.expect(";");
            }
        }
    }

    /// A name is looked for in the message's own scope, then in each around it.
    void resolve(const NamedType& one) {
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
                     m_missing.empty() ? ""
                                       : ", nor is there the file that it imports: " +
                                             in_quotes(m_missing.front()));
            }
            const auto dot = scope.rfind('.');
            scope.resize(dot == std::string::npos ? 0 : dot);
        }
    }

    ProtoSchema& m_schema;
    NamedSchemas m_references;
    ProtoTokens m_tokens{{}};
    std::string m_package;
    bool m_proto3 = false;
    std::size_t m_fields = 0;
    std::map<std::string, const ProtoMessage*> m_names;
    std::vector<NamedType> m_named_types;
    std::set<std::string> m_imported;
    std::vector<std::string> m_imports; ///< not yet read
    std::vector<std::string> m_missing;
};

bool ProtoMessage::is_list() const {
    return fields.size() == 1 && fields[0].repeated && fields[0].name == "items";
}

bool ProtoMessage::is_item() const {
    return fields.size() == 1 && !fields[0].repeated && fields[0].name == "value";
}

ProtoSchema::ProtoSchema(std::string_view text, NamedSchemas references) {
    ProtoParser{*this, references}.parse(text);
    note_ours();
}

const ProtoMessage* ProtoSchema::at(const std::vector<std::uint32_t>& path) const {
    const Nested* at = &m_file;
    for (const std::uint32_t index : path) {
        if (index >= at->messages.size()) {
            return nullptr;
        }
        at = at->messages[index].get();
    }
    return at->message;
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
