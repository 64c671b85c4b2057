#ifndef CDC_RECORD_FRAMING_HPP
#define CDC_RECORD_FRAMING_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How a key or a value that belongs to a schema of a registry begins: a byte 0, then the schema's
/// number in four bytes, the most significant first. JSON never begins with a byte 0.
namespace cdc::record {

/// Of a schema.
enum class Format : std::uint8_t { avro, json, protobuf };

struct Framed {
    std::uint32_t id = 0;
    std::string_view payload;
};

void append_frame(std::string& out, std::uint32_t id);

inline bool is_framed(std::string_view bytes) {
    return !bytes.empty() && bytes[0] == '\0';
}

/// Nothing where it ends before its number does, or does not begin with a byte 0.
std::optional<Framed> parse_frame(std::string_view bytes);

} // namespace cdc::record

#endif
