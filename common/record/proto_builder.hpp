#ifndef CDC_RECORD_PROTO_BUILDER_HPP
#define CDC_RECORD_PROTO_BUILDER_HPP

#include "record/proto_schema.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

/// Makes a ProtoSchema of what the readers of both forms of a .proto file find. All functions throw
/// Error (bad_data).
class ProtoBuilder {
public:
    static constexpr int kMostDepth = 32; ///< of messages in messages

    explicit ProtoBuilder(ProtoSchema& schema) : m_schema{schema} {}

    static std::string full_name(const std::string& scope, std::string_view name);

    ProtoScope& add_message(ProtoScope& outer, const std::string& scope, std::string_view name);
    /// One without a name or an index: of a map of that message.
    ProtoMessage& add_entry(const ProtoMessage& of);
    /// Fills in all but `repeated` and `presence`. `type` is a scalar's, or a name that resolve()
    /// looks for. The reference is valid until the message's next field.
    ProtoField& add_field(ProtoMessage& message, std::string_view type, std::string_view name,
                          std::int64_t number);
    /// Fields of an entry of a map have their kind's zero where they are absent.
    static void make_entry(ProtoMessage& message);
    std::map<std::int64_t, std::string>& add_enum(const std::string& scope, std::string_view name);
    static void add_label(std::map<std::int64_t, std::string>& labels, std::string_view name,
                          std::int64_t number);

    void add_import(std::string_view name);
    /// Of a file that was not taken yet; nothing: all were.
    std::optional<std::string> take_import();
    void note_missing(const std::string& name) { m_missing.push_back(name); }

    /// Finds the types that fields name, when all files have been read.
    void resolve();

private:
    /// A field whose type is a name.
    struct NamedType {
        ProtoMessage* message;
        std::size_t field;
        std::string type;
    };
    void resolve(const NamedType& one);

    ProtoSchema& m_schema;
    std::size_t m_fields = 0;
    std::map<std::string, const ProtoMessage*> m_names;
    std::vector<NamedType> m_named_types;
    std::set<std::string> m_imported;
    std::vector<std::string> m_imports; ///< not yet taken
    std::vector<std::string> m_missing;
};

/// Adds what the text of a .proto file has in it.
void read_proto_text(ProtoBuilder& builder, ProtoScope& file, std::string_view text);

/// The same of the bytes of a google.protobuf.FileDescriptorProto.
void read_proto_descriptor(ProtoBuilder& builder, ProtoScope& file, std::string_view bytes);

} // namespace cdc::record

#endif
