#ifndef CDC_MYSQL_CHARSET_HPP
#define CDC_MYSQL_CHARSET_HPP

#include "mysql/event_type.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::mysql {

/// How the bytes of a character set become UTF-8, exactly as the server's CONVERT(… USING utf8mb4).
struct Charset {
    enum class Kind : std::uint8_t {
        utf8,        ///< utf8mb3, utf8mb4: as they are
        binary,      ///< no characters at all
        single_byte, ///< a table of 128
        multi_byte,  ///< iconv, character by character
        wide,        ///< iconv, units of 2 or 4 bytes
    };
    std::string_view name;
    Kind kind = Kind::binary;
    unsigned max_bytes = 1; ///< of one character
    const char* iconv_name = nullptr;
    const char16_t* upper = nullptr; ///< single_byte
};

/// The charset of a collation's number, on MySQL and MariaDB; null: not known.
const Charset* charset_of_collation(std::uint32_t collation);
const Charset* charset_by_name(std::string_view name);

/// Appends `bytes` as UTF-8. False, with `out` unchanged, when they are not text of that charset.
bool append_utf8(std::string& out, const Charset& charset, std::string_view bytes);
/// The same. Throws Error (bad_data), which has them in hexadecimal digits and names the column, if
/// any, when they are not.
void convert_text(std::string& out, const Charset& charset, std::string_view bytes,
                  std::string_view column = {});

/// The charset in which a column of a result comes (character_set_results is NULL), from its
/// definition. Null: its bytes are UTF-8, or no text.
const Charset* result_charset(ColumnType type, std::uint32_t collation);

} // namespace cdc::mysql

#endif
