#include "record/framing.hpp"

namespace cdc::record {

namespace {

constexpr std::size_t kFrameSize = 5;

} // namespace

void append_frame(std::string& out, std::uint32_t id) {
    out += '\0';
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(id >> shift & 0xff);
    }
}

std::optional<Framed> parse_frame(std::string_view bytes) {
    if (!is_framed(bytes) || bytes.size() < kFrameSize) {
        return std::nullopt;
    }
    Framed framed{0, bytes.substr(kFrameSize)};
    for (std::size_t i = 1; i < kFrameSize; ++i) {
        framed.id = framed.id << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return framed;
}

} // namespace cdc::record
