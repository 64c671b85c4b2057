#ifndef CDC_MYSQL_CHARSET_TABLES_HPP
#define CDC_MYSQL_CHARSET_TABLES_HPP

#include <cstdint>
#include <span>
#include <string_view>

namespace cdc::mysql {

/// Code points of bytes 0x80 to 0xff of a charset of single bytes as the server has them, 0 where
/// it has no character; null for other charsets.
const char16_t* upper_half(std::string_view charset);

/// A character for which iconv has another code point than the server. `code`: its bytes, the
/// first one highest.
struct CharacterOverride {
    std::uint32_t code;
    char32_t character;
};
/// Sorted by code.
std::span<const CharacterOverride> overrides(std::string_view charset);

} // namespace cdc::mysql

#endif
