#include "record/proto_decoder.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "record/proto_wire.hpp"
#include "record/wire.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace cdc::record {

using base::ExitCode;
using base::fail;

namespace {

constexpr int kMostDepth = 64;
/// Of fields that are written though the bytes do not have them.
constexpr std::size_t kMostAbsent = 1'000'000;
constexpr std::size_t kMostPath = 32;

class Reader : public WireReader {
public:
    explicit Reader(std::string_view bytes) : WireReader{bytes, "Protobuf"} {}
};

/// The integer that a kind's bits mean; nothing for unsigned ones of 64 bits.
std::optional<std::int64_t> signed_value(ProtoKind kind, std::uint64_t bits) {
    switch (kind) {
    case ProtoKind::uint64:
    case ProtoKind::fixed64:
        return std::nullopt;
    case ProtoKind::sint32:
    case ProtoKind::sint64:
        return unzigzag(bits);
    case ProtoKind::sfixed32:
        return static_cast<std::int32_t>(bits);
    default:
        return static_cast<std::int64_t>(bits);
    }
}

void append_integer_value(std::string& out, const ProtoField& field, std::uint64_t bits) {
    const auto number = signed_value(field.kind, bits);
    if (!number) {
        event::append_json_integer(out, bits);
        return;
    }
    if (!holds(field.kind, *number)) {
        fail(ExitCode::bad_data, "{} is no {}", *number, kind_name(field));
    }
    event::append_json_integer(out, *number);
}

void append_text(std::string& out, std::string_view text) {
    if (!simdjson::validate_utf8(text.data(), text.size())) {
        fail(ExitCode::bad_data, "not UTF-8: {}", base::in_quotes(text, 60));
    }
    event::append_json_string(out, text);
}

} // namespace

const ProtoMessage& take_message(const ProtoSchema& schema, std::string_view& bytes) {
    Reader reader{bytes};
    const std::int64_t count = unzigzag(reader.varint());
    if (count == 0) {
        bytes = reader.rest();
        return schema.root();
    }
    if (count < 0 || static_cast<std::uint64_t>(count) > kMostPath) {
        fail(ExitCode::bad_data, "a path of {} message indexes", count);
    }
    std::vector<std::uint32_t> path;
    for (std::int64_t i = 0; i < count; ++i) {
        path.push_back(static_cast<std::uint32_t>(unzigzag(reader.varint())));
    }
    bytes = reader.rest();
    const ProtoMessage* message = schema.at(path);
    if (message == nullptr) {
        fail(ExitCode::bad_data, "the schema has no message of index {}", path.back());
    }
    return *message;
}

void ProtoDecoder::append(std::string& out, const ProtoSchema& schema, const ProtoMessage& message,
                          event::FloatLayout floats, std::string_view bytes) {
    const std::size_t start = out.size();
    m_root = schema.is_ours() && &message == &schema.root() ? &message : nullptr;
    m_floats = floats;
    m_absent = 0;
    m_slots.clear();
    try {
        append_message(out, message, bytes, 0, nullptr);
    } catch (...) {
        out.resize(start);
        throw;
    }
}

void ProtoDecoder::fill_slots(const ProtoMessage& message, std::string_view bytes,
                              std::size_t first) {
    Reader reader{bytes};
    std::size_t next = 0;
    const std::size_t count = message.fields.size();
    while (!reader.at_end()) {
        const WireField wire = read_wire_field(reader);
        std::size_t passed = 0;
        while (passed < count && message.fields[(next + passed) % count].number != wire.number) {
            ++passed;
        }
        if (passed == count) {
            continue;
        }
        next = (next + passed) % count;
        const ProtoField& field = message.fields[next];
        const bool packed = field.repeated && wire.type == WireType::sized;
        if (wire.type != wire_type(field.kind) && !packed) {
            fail(ExitCode::bad_data, "the Protobuf bytes have no {} for {}", kind_name(field),
                 base::in_quotes(field.name));
        }
        m_slots[first + next] = {true, wire.bits, wire.bytes};
    }
}

void ProtoDecoder::append_message(std::string& out, const ProtoMessage& message,
                                  std::string_view bytes, int depth, const Names* listed) {
    if (depth > kMostDepth) {
        fail(ExitCode::bad_data, "a Protobuf message is nested more than {} deep", kMostDepth);
    }
    const std::size_t first = m_slots.size();
    m_slots.resize(first + message.fields.size());
    fill_slots(message, bytes, first);
    char separator = '{';
    for (std::size_t i = 0; i < message.fields.size(); ++i) {
        const ProtoField& field = message.fields[i];
        const Slot slot = m_slots[first + i];
        const bool columns = depth == 0 && m_root != nullptr && field.name.ends_with("_columns");
        const bool unlisted = listed != nullptr && std::find(listed->begin(), listed->end(),
                                                             field.name) == listed->end();
        if (columns || unlisted || (field.left_out && !slot.present)) {
            continue;
        }
        out += separator;
        separator = ',';
        out += field.member;
        append_field(out, field, slot, bytes, depth);
    }
    out += separator == '{' ? "{}" : "}";
    m_slots.resize(first);
}

void ProtoDecoder::append_field(std::string& out, const ProtoField& field, const Slot& slot,
                                std::string_view message_bytes, int depth) {
    if (field.repeated) {
        append_repeated(out, field, message_bytes, depth);
    } else if (!slot.present) {
        append_absent(out, field);
    } else if (depth == 0 && m_root != nullptr && field.kind == ProtoKind::message &&
               (field.name == "before" || field.name == "after")) {
        append_image(out, field, slot, message_bytes);
    } else {
        append_value(out, field, slot, depth);
    }
}

/// A row, of the columns that the root names, if it names some.
void ProtoDecoder::append_image(std::string& out, const ProtoField& field, const Slot& slot,
                                std::string_view message_bytes) {
    const bool before = field.name == "before";
    const auto wanted = std::find_if(m_root->fields.begin(), m_root->fields.end(), [&](auto& one) {
        return one.name == (before ? "before_columns" : "after_columns");
    });
    m_columns.clear();
    for (Reader reader{message_bytes}; !reader.at_end();) {
        const WireField wire = read_wire_field(reader);
        if (wanted != m_root->fields.end() && wire.number == wanted->number) {
            m_columns.push_back(wire.bytes);
        }
    }
    append_message(out, *field.message, slot.bytes, 1, m_columns.empty() ? nullptr : &m_columns);
}

void ProtoDecoder::append_absent(std::string& out, const ProtoField& field) {
    if (++m_absent > kMostAbsent) {
        fail(ExitCode::bad_data, "a Protobuf message of more than {} fields without bytes",
             kMostAbsent);
    }
    if (field.presence) {
        out += "null";
        return;
    }
    switch (field.kind) {
    case ProtoKind::boolean:
        out += "false";
        return;
    case ProtoKind::string:
    case ProtoKind::bytes:
        out += "\"\"";
        return;
    case ProtoKind::enumeration:
        append_value(out, field, {}, 0);
        return;
    default:
        out += '0';
    }
}

void ProtoDecoder::append_repeated(std::string& out, const ProtoField& field,
                                   std::string_view bytes, int depth) {
    char separator = '[';
    const auto append = [&](const WireField& wire) {
        out += separator;
        separator = ',';
        append_value(out, field, {true, wire.bits, wire.bytes}, depth);
    };
    for (Reader reader{bytes}; !reader.at_end();) {
        const WireField wire = read_wire_field(reader);
        if (wire.number != field.number) {
            continue;
        }
        if (wire.type == wire_type(field.kind)) {
            append(wire);
            continue;
        }
        for (Reader packed{wire.bytes}; !packed.at_end();) {
            WireField one;
            one.type = wire_type(field.kind);
            read_wire_content(packed, one);
            append(one);
        }
    }
    out += separator == '[' ? "[]" : "]";
}

void ProtoDecoder::append_list(std::string& out, const ProtoField& items, std::string_view bytes,
                               int depth) {
    char separator = '[';
    for (Reader reader{bytes}; !reader.at_end();) {
        const WireField wire = read_wire_field(reader);
        if (wire.number != items.number || wire.type != WireType::sized) {
            continue;
        }
        out += separator;
        separator = ',';
        const ProtoField& value = items.message->fields[0];
        const std::size_t first = m_slots.size();
        m_slots.resize(first + 1);
        fill_slots(*items.message, wire.bytes, first);
        const Slot slot = m_slots[first];
        m_slots.resize(first);
        if (slot.present) {
            append_value(out, value, slot, depth + 1);
        } else {
            append_absent(out, value);
        }
    }
    out += separator == '[' ? "[]" : "]";
}

void ProtoDecoder::append_value(std::string& out, const ProtoField& field, const Slot& slot,
                                int depth) {
    switch (field.kind) {
    case ProtoKind::boolean:
        out += slot.bits != 0 ? "true" : "false";
        return;
    case ProtoKind::float32:
        event::append_json_float(out, std::bit_cast<float>(static_cast<std::uint32_t>(slot.bits)),
                                 m_floats);
        return;
    case ProtoKind::float64:
        event::append_json_float(out, std::bit_cast<double>(slot.bits), m_floats);
        return;
    case ProtoKind::string:
        append_text(out, slot.bytes);
        return;
    case ProtoKind::bytes:
        out += '"';
        base::append_base64(out, slot.bytes);
        out += '"';
        return;
    case ProtoKind::enumeration:
        if (const auto label = field.labels->find(static_cast<std::int64_t>(slot.bits));
            label != field.labels->end()) {
            out += label->second;
        } else {
            event::append_json_integer(out, static_cast<std::int64_t>(slot.bits));
        }
        return;
    case ProtoKind::message:
        if (field.message->is_list() && field.message->fields[0].message != nullptr &&
            field.message->fields[0].message->is_item()) {
            append_list(out, field.message->fields[0], slot.bytes, depth + 1);
        } else {
            append_message(out, *field.message, slot.bytes, depth + 1, nullptr);
        }
        return;
    default:
        append_integer_value(out, field, slot.bits);
    }
}

} // namespace cdc::record
