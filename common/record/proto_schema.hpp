#ifndef CDC_RECORD_PROTO_SCHEMA_HPP
#define CDC_RECORD_PROTO_SCHEMA_HPP

#include "event/float_text.hpp"
#include "record/named_schema.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

enum class ProtoKind : std::uint8_t {
    boolean,
    int32,
    int64,
    uint32,
    uint64,
    sint32, ///< zigzag
    sint64,
    fixed32,
    fixed64,
    sfixed32,
    sfixed64,
    float32,
    float64,
    string,
    bytes,
    enumeration,
    message,
};

struct ProtoMessage;

struct ProtoField {
    std::string name;   ///< the column's
    std::string member; ///< `"NAME":`, as JSON has it
    std::uint32_t number = 0;
    ProtoKind kind = ProtoKind::string;
    const ProtoMessage* message = nullptr;
    const std::map<std::int64_t, std::string>* labels = nullptr; ///< of an enum, as JSON strings
    bool repeated = false;
    bool presence = false; ///< absent is null, not the kind's zero
    bool left_out = false; ///< JSON does not have it where it is absent
};

struct ProtoMessage {
    std::string name; ///< full
    std::vector<ProtoField> fields;
    /// One field, `repeated TYPE items`: JSON has an array.
    bool is_list() const;
    /// One field, `optional TYPE value`: JSON has the value alone.
    bool is_item() const;
};

/// The messages that a file, or a message, has in it; by the index that framing gives them.
struct ProtoScope {
    std::vector<std::unique_ptr<ProtoScope>> messages;
    ProtoMessage* message = nullptr;
};

/// A .proto file, of proto2 or proto3 without groups: its text, or the base64 of a serialized
/// FileDescriptorProto, as some serializers register it. Names of fields are those of
/// field_name(). The first message is the root.
///
/// Entries of maps count as messages where they stand as such: in a FileDescriptorProto, and in
/// texts with `option map_entry`; for `map<K, V>` of a text none is counted, as in Confluent's
/// Java.
///
/// Ours have a message `Envelope` in front with fields `before_columns` and
/// `after_columns`: its members that cdc-event(5) calls optional are left out
/// where they are absent, and columns of MySQL's floats are laid out as
/// MySQL's.
class ProtoSchema {
public:
    /// `references` are files that it imports, and those that they import; proto_known_file() has
    /// those that nobody registers. Throws Error (bad_data).
    explicit ProtoSchema(std::string_view text, NamedSchemas references = {});
    ProtoSchema(const ProtoSchema&) = delete;
    ProtoSchema& operator=(const ProtoSchema&) = delete;

    const ProtoMessage& root() const { return *m_messages.front(); }
    /// The message at a path of indexes, as Confluent's framing has it; nullptr:
    /// there is none.
    const ProtoMessage* at(const std::vector<std::uint32_t>& path) const;
    bool is_ours() const { return m_ours; }
    /// The columns of one of ours; nullptr of others.
    const ProtoMessage* row() const;
    event::FloatLayout floats() const { return m_floats; }

private:
    friend class ProtoBuilder;
    void note_ours();

    std::vector<std::unique_ptr<ProtoMessage>> m_messages; ///< in the order of the text
    std::map<std::string, std::map<std::int64_t, std::string>> m_enums;
    ProtoScope m_file;
    bool m_ours = false;
    event::FloatLayout m_floats = event::FloatLayout::postgres;
};

} // namespace cdc::record

#endif
