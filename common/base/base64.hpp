#ifndef CDC_BASE_BASE64_HPP
#define CDC_BASE_BASE64_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc::base {

/// Appends the base64 (RFC 4648, with padding) of `bytes`.
void append_base64(std::string& out, std::string_view bytes);

/// Appends the base64 of the bytes that `hex` spells. False, with `out` unchanged, when `hex` is
/// not an even number of hex digits.
bool append_base64_of_hex(std::string& out, std::string_view hex);

/// Appends the bytes that `text` encodes. False, with `out` unchanged, when it is not base64.
bool append_base64_decoded(std::string& out, std::string_view text);
/// The same to `to`, where base64_decoded_bound() bytes fit: where they end; nullptr: it is not.
char* write_base64_decoded(char* to, std::string_view text);
constexpr std::size_t base64_decoded_bound(std::size_t text_size) {
    return text_size / 4 * 3;
}

} // namespace cdc::base

#endif
