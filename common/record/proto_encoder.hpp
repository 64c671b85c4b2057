#ifndef CDC_RECORD_PROTO_ENCODER_HPP
#define CDC_RECORD_PROTO_ENCODER_HPP

#include "event/json_cursor.hpp"
#include "record/proto_schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::record {

/// JSON to Protobuf's binary form, in one pass. Fields stand in the order of
/// the JSON. Members that the schema has no place for are left out, and so are
/// those that are null.
class ProtoEncoder {
public:
    /// Appends the message of the schema's root that the JSON means. The columns
    /// of `before` and `after` are named in `before_columns` and `after_columns`,
    /// unless all are there. Throws Error (bad_data), with the column's name, for
    /// a value that the schema has no form for; `out` may then have grown.
    void append(std::string& out, const ProtoSchema& schema, std::string_view json);

private:
    /// Gives the number of members that have a field.
    std::size_t append_members(std::string& out, const ProtoMessage& message,
                               event::JsonCursor& cursor, bool root);
    void append_field(std::string& out, const ProtoField& field, event::JsonCursor& cursor);
    void append_message(std::string& out, const ProtoField& field, event::JsonCursor& cursor);
    void append_list(std::string& out, const ProtoMessage& list, event::JsonCursor& cursor);
    void append_repeated(std::string& out, const ProtoField& field, event::JsonCursor& cursor);
    void append_number(std::string& out, const ProtoField& field, std::string_view json);
    void append_bytes(std::string& out, const ProtoField& field, event::JsonCursor& cursor);
    void append_image(std::string& out, const ProtoField& field, event::JsonCursor& cursor);
    [[noreturn]] static void no_form(std::string_view json, const ProtoField& field);

    const ProtoMessage* m_root = nullptr;
    std::string m_scratch;
};

/// In front of a message that is the first of its schema.
inline void append_first_message_path(std::string& out) {
    out += '\0';
}

} // namespace cdc::record

#endif
