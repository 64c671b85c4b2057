#ifndef CDC_RECORD_PROTO_DECODER_HPP
#define CDC_RECORD_PROTO_DECODER_HPP

#include "event/float_text.hpp"
#include "record/proto_schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

/// Protobuf's binary form to JSON, by the schema that it was written with: the
/// opposite of ProtoEncoder. Members stand in the schema's order; fields that
/// the schema does not have are passed over.
class ProtoDecoder {
public:
    /// Appends the JSON. Throws Error (bad_data), with `out` as it was, for bytes
    /// that are no such message: cut short, other kinds of fields, texts that are
    /// not UTF-8.
    void append(std::string& out, const ProtoSchema& schema, const ProtoMessage& message,
                event::FloatLayout floats, std::string_view bytes);

private:
    /// What a message has for a field.
    struct Slot {
        bool present = false;
        std::uint64_t bits = 0;
        std::string_view bytes;
    };
    using Names = std::vector<std::string_view>;

    /// `listed`: the columns that JSON has, where those are not all.
    void append_message(std::string& out, const ProtoMessage& message, std::string_view bytes,
                        int depth, const Names* listed);
    void append_field(std::string& out, const ProtoField& field, const Slot& slot,
                      std::string_view message_bytes, int depth);
    void append_image(std::string& out, const ProtoField& field, const Slot& slot,
                      std::string_view message_bytes);
    void append_list(std::string& out, const ProtoField& items, std::string_view bytes, int depth);
    void append_repeated(std::string& out, const ProtoField& field, std::string_view bytes,
                         int depth);
    void append_value(std::string& out, const ProtoField& field, const Slot& slot, int depth);
    void append_absent(std::string& out, const ProtoField& field);
    void fill_slots(const ProtoMessage& message, std::string_view bytes, std::size_t first);

    const ProtoMessage* m_root = nullptr;
    event::FloatLayout m_floats = event::FloatLayout::postgres;
    std::vector<Slot> m_slots; ///< of the messages that are being written, the innermost last
    Names m_columns;
    std::size_t m_absent = 0;
};

/// The message whose path of indexes stands in front of its bytes, as
/// Confluent's framing has it; the path is taken off. A single 0 is the
/// schema's first. Throws Error (bad_data).
const ProtoMessage& take_message(const ProtoSchema& schema, std::string_view& bytes);

} // namespace cdc::record

#endif
