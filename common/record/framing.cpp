#include "record/framing.hpp"

namespace cdc::record {

namespace {

constexpr std::size_t kGuidSize = 16;
constexpr char kGuidFollows = '\1';

} // namespace

void append_frame(std::string& out, std::uint32_t id) {
    out += '\0';
    for (int shift = 24; shift >= 0; shift -= 8) {
        out += static_cast<char>(id >> shift & 0xff);
    }
}

std::optional<Framed> parse_schema_header(std::string_view header, std::string_view payload) {
    std::optional<Framed> framed = parse_frame(header);
    if (framed) {
        framed->header_rest = framed->payload;
    } else if (header.starts_with(kGuidFollows) && header.size() > kGuidSize) {
        framed.emplace();
        framed->guid = header.substr(1, kGuidSize);
        framed->header_rest = header.substr(1 + kGuidSize);
    } else {
        return std::nullopt;
    }
    framed->payload = payload;
    return framed;
}

std::string guid_text(std::string_view guid) {
    constexpr std::string_view kDigits{"0123456789abcdef"};
    std::string text;
    for (std::size_t i = 0; i < guid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        const auto byte = static_cast<unsigned char>(guid[i]);
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

} // namespace cdc::record
