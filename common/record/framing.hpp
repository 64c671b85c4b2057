#ifndef CDC_RECORD_FRAMING_HPP
#define CDC_RECORD_FRAMING_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How a key or a value that belongs to a schema of a registry begins: a byte 0, then the schema's
/// number in four bytes, the most significant first. JSON never begins with a byte 0.
///
/// Newer serializers leave the bytes as they are, and name the schema in a header of the record:
/// a byte 0 and the number, or a byte 1 and the schema's GUID in 16 bytes. With Protobuf the path
/// of message indexes follows it there, as it does in front of the bytes.
namespace cdc::record {

/// Of a schema.
enum class Format : std::uint8_t { avro, json, protobuf };

/// Of the record; of several with one name the last counts, as in Confluent's clients.
inline constexpr std::string_view kKeySchemaHeader{"__key_schema_id"};
inline constexpr std::string_view kValueSchemaHeader{"__value_schema_id"};

struct Framed {
    std::uint32_t id = 0;
    std::string_view payload;
    std::string_view guid = {}; ///< 16 bytes, which count in place of `id`; empty: none
    /// Of a header, what stands behind the id; nothing: the id was in front of the payload.
    std::optional<std::string_view> header_rest = {};
};

inline constexpr std::size_t kFrameSize = 5;

void append_frame(std::string& out, std::uint32_t id);

inline bool is_framed(std::string_view bytes) {
    return !bytes.empty() && bytes[0] == '\0';
}

/// Nothing where it ends before its number does, or does not begin with a byte 0.
inline std::optional<Framed> parse_frame(std::string_view bytes) {
    std::optional<Framed> framed;
    if (is_framed(bytes) && bytes.size() >= kFrameSize) {
        framed.emplace();
        for (std::size_t i = 1; i < kFrameSize; ++i) {
            framed->id = framed->id << 8 | static_cast<unsigned char>(bytes[i]);
        }
        framed->payload = bytes.substr(kFrameSize);
    }
    return framed;
}

/// Of a record whose header names the schema of the payload. Nothing where the header ends before
/// the id does, or begins with another byte than 0 or 1.
std::optional<Framed> parse_schema_header(std::string_view header, std::string_view payload);

/// A GUID of 16 bytes in the form 01234567-89ab-cdef-0123-456789abcdef.
std::string guid_text(std::string_view guid);

} // namespace cdc::record

#endif
