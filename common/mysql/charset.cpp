#include "mysql/charset.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "mysql/charset_tables.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include <iconv.h>

namespace cdc::mysql {

namespace {

using Kind = Charset::Kind;

std::array<Charset, 41> make_charsets() {
    std::array<Charset, 41> out{{
        {"utf8mb4", Kind::utf8, 4},
        {"utf8mb3", Kind::utf8, 3},
        {"binary", Kind::binary, 1},
        {"latin1", Kind::single_byte, 1},
        {"ascii", Kind::single_byte, 1},
        {"armscii8", Kind::single_byte, 1},
        {"cp1250", Kind::single_byte, 1},
        {"cp1251", Kind::single_byte, 1},
        {"cp1256", Kind::single_byte, 1},
        {"cp1257", Kind::single_byte, 1},
        {"cp850", Kind::single_byte, 1},
        {"cp852", Kind::single_byte, 1},
        {"cp866", Kind::single_byte, 1},
        {"dec8", Kind::single_byte, 1},
        {"geostd8", Kind::single_byte, 1},
        {"greek", Kind::single_byte, 1},
        {"hebrew", Kind::single_byte, 1},
        {"hp8", Kind::single_byte, 1},
        {"keybcs2", Kind::single_byte, 1},
        {"koi8r", Kind::single_byte, 1},
        {"koi8u", Kind::single_byte, 1},
        {"latin2", Kind::single_byte, 1},
        {"latin5", Kind::single_byte, 1},
        {"latin7", Kind::single_byte, 1},
        {"macce", Kind::single_byte, 1},
        {"macroman", Kind::single_byte, 1},
        {"swe7", Kind::single_byte, 1},
        {"tis620", Kind::single_byte, 1},
        {"big5", Kind::multi_byte, 2, "BIG5"},
        {"gb2312", Kind::multi_byte, 2, "EUC-CN"},
        {"gbk", Kind::multi_byte, 2, "GBK"},
        {"gb18030", Kind::multi_byte, 4, "GB18030"},
        {"sjis", Kind::multi_byte, 2, "SHIFT_JIS"},
        {"cp932", Kind::multi_byte, 2, "CP932"},
        {"ujis", Kind::multi_byte, 3, "EUC-JP-MS"},
        {"eucjpms", Kind::multi_byte, 3, "EUC-JP-MS"},
        {"euckr", Kind::multi_byte, 2, "UHC"},
        {"ucs2", Kind::wide, 2, "UCS-2BE"},
        {"utf16", Kind::wide, 4, "UTF-16BE"},
        {"utf16le", Kind::wide, 4, "UTF-16LE"},
        {"utf32", Kind::wide, 4, "UTF-32BE"},
    }};
    for (Charset& charset : out) {
        charset.upper = upper_half(charset.name);
    }
    return out;
}

const std::array<Charset, 41>& charsets() {
    static const std::array<Charset, 41> kCharsets = make_charsets();
    return kCharsets;
}

/// Numbers of collations, as both servers have them in information_schema.
struct Range {
    std::uint32_t first;
    std::uint32_t last;
    std::string_view charset;
};
constexpr Range kRanges[] = {
    {1, 1, "big5"},        {2, 2, "latin2"},      {3, 3, "dec8"},          {4, 4, "cp850"},
    {5, 5, "latin1"},      {6, 6, "hp8"},         {7, 7, "koi8r"},         {8, 8, "latin1"},
    {9, 9, "latin2"},      {10, 10, "swe7"},      {11, 11, "ascii"},       {12, 12, "ujis"},
    {13, 13, "sjis"},      {14, 14, "cp1251"},    {15, 15, "latin1"},      {16, 16, "hebrew"},
    {18, 18, "tis620"},    {19, 19, "euckr"},     {20, 20, "latin7"},      {21, 21, "latin2"},
    {22, 22, "koi8u"},     {23, 23, "cp1251"},    {24, 24, "gb2312"},      {25, 25, "greek"},
    {26, 26, "cp1250"},    {27, 27, "latin2"},    {28, 28, "gbk"},         {29, 29, "cp1257"},
    {30, 30, "latin5"},    {31, 31, "latin1"},    {32, 32, "armscii8"},    {33, 33, "utf8mb3"},
    {34, 34, "cp1250"},    {35, 35, "ucs2"},      {36, 36, "cp866"},       {37, 37, "keybcs2"},
    {38, 38, "macce"},     {39, 39, "macroman"},  {40, 40, "cp852"},       {41, 42, "latin7"},
    {43, 43, "macce"},     {44, 44, "cp1250"},    {45, 46, "utf8mb4"},     {47, 49, "latin1"},
    {50, 52, "cp1251"},    {53, 53, "macroman"},  {54, 55, "utf16"},       {56, 56, "utf16le"},
    {57, 57, "cp1256"},    {58, 59, "cp1257"},    {60, 61, "utf32"},       {62, 62, "utf16le"},
    {63, 63, "binary"},    {64, 64, "armscii8"},  {65, 65, "ascii"},       {66, 66, "cp1250"},
    {67, 67, "cp1256"},    {68, 68, "cp866"},     {69, 69, "dec8"},        {70, 70, "greek"},
    {71, 71, "hebrew"},    {72, 72, "hp8"},       {73, 73, "keybcs2"},     {74, 74, "koi8r"},
    {75, 75, "koi8u"},     {76, 76, "utf8mb3"},   {77, 77, "latin2"},      {78, 78, "latin5"},
    {79, 79, "latin7"},    {80, 80, "cp850"},     {81, 81, "cp852"},       {82, 82, "swe7"},
    {83, 83, "utf8mb3"},   {84, 84, "big5"},      {85, 85, "euckr"},       {86, 86, "gb2312"},
    {87, 87, "gbk"},       {88, 88, "sjis"},      {89, 89, "tis620"},      {90, 90, "ucs2"},
    {91, 91, "ujis"},      {92, 93, "geostd8"},   {94, 94, "latin1"},      {95, 96, "cp932"},
    {97, 98, "eucjpms"},   {99, 99, "cp1250"},    {101, 125, "utf16"},     {126, 159, "ucs2"},
    {160, 191, "utf32"},   {192, 223, "utf8mb3"}, {224, 247, "utf8mb4"},   {248, 250, "gb18030"},
    {255, 511, "utf8mb4"}, {576, 607, "utf8mb3"}, {608, 639, "utf8mb4"},   {640, 671, "ucs2"},
    {672, 703, "utf16"},   {736, 767, "utf32"},   {2048, 2303, "utf8mb3"}, {2304, 2559, "utf8mb4"},
    {2560, 2815, "ucs2"},  {2816, 3071, "utf16"}, {3072, 3327, "utf32"},
};
constexpr std::size_t kMaxShown = 60;  ///< bytes of what is no text
constexpr std::uint32_t kNoPad = 1024; ///< MariaDB: the collation without padding is so much above

void append_code_point(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

/// swe7 has letters in place of ASCII's brackets.
char32_t swe7_character(unsigned char byte) {
    switch (byte) {
    case '@':
        return 0xc9;
    case '[':
        return 0xc4;
    case '\\':
        return 0xd6;
    case ']':
        return 0xc5;
    case '^':
        return 0xdc;
    case '`':
        return 0xe9;
    case '{':
        return 0xe4;
    case '|':
        return 0xf6;
    case '}':
        return 0xe5;
    case '~':
        return 0xfc;
    default:
        return byte;
    }
}

bool append_single_byte(std::string& out, const Charset& charset, std::string_view bytes) {
    const bool swe7 = charset.name == "swe7";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            append_code_point(out, swe7 ? swe7_character(byte) : byte);
            continue;
        }
        const char16_t character = charset.upper[byte - 0x80];
        if (character == 0) {
            return false;
        }
        append_code_point(out, character);
    }
    return true;
}

/// One conversion descriptor for each charset and thread.
class Converter {
public:
    explicit Converter(const char* from) : m_handle{::iconv_open("UTF-8", from)} {}
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;
    ~Converter() {
        if (usable()) {
            ::iconv_close(m_handle);
        }
    }
    bool usable() const { return m_handle != reinterpret_cast<iconv_t>(-1); }

    bool append(std::string& out, std::string_view bytes) {
        ::iconv(m_handle, nullptr, nullptr, nullptr, nullptr);
        std::string copy{bytes};
        char* in = copy.data();
        std::size_t left = copy.size();
        char buffer[4096];
        while (left > 0) {
            char* to = buffer;
            std::size_t room = sizeof(buffer);
            const std::size_t result = ::iconv(m_handle, &in, &left, &to, &room);
            out.append(buffer, to);
            if (result == static_cast<std::size_t>(-1) && to == buffer) {
                return false;
            }
        }
        return true;
    }

private:
    iconv_t m_handle;
};

Converter& converter_of(const Charset& charset) {
    thread_local std::map<std::string_view, Converter> converters;
    return converters.try_emplace(charset.name, charset.iconv_name).first->second;
}

/// Bytes of the character that begins here, as the charset counts them; 0: none can.
std::size_t character_size(std::string_view charset, std::string_view bytes) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    if (first < 0x80) {
        return 1;
    }
    const bool kana = first >= 0xa1 && first <= 0xdf;
    if ((charset == "sjis" || charset == "cp932") && kana) {
        return 1;
    }
    std::size_t size = 2;
    if ((charset == "ujis" || charset == "eucjpms") && first == 0x8f) {
        size = 3;
    }
    if (charset == "gb18030" && bytes.size() > 1 && bytes[1] >= '0' && bytes[1] <= '9') {
        size = 4;
    }
    return bytes.size() >= size ? size : 0;
}

bool append_multi_byte(std::string& out, const Charset& charset, std::string_view bytes) {
    Converter& converter = converter_of(charset);
    const auto others = overrides(charset.name);
    while (!bytes.empty()) {
        const std::size_t size = character_size(charset.name, bytes);
        if (size == 0) {
            return false;
        }
        const std::string_view character = bytes.substr(0, size);
        bytes.remove_prefix(size);
        if (size == 1 && static_cast<unsigned char>(character[0]) < 0x80) {
            out += character[0];
            continue;
        }
        std::uint32_t code = 0;
        for (const char c : character) {
            code = code << 8 | static_cast<unsigned char>(c);
        }
        const auto found = std::lower_bound(
            others.begin(), others.end(), code,
            [](const CharacterOverride& o, std::uint32_t c) { return o.code < c; });
        if (found != others.end() && found->code == code) {
            append_code_point(out, found->character);
        } else if (!converter.usable() || !converter.append(out, character)) {
            return false;
        }
    }
    return true;
}

bool append_any(std::string& out, const Charset& charset, std::string_view bytes) {
    switch (charset.kind) {
    case Kind::utf8:
        if (!simdjson::validate_utf8(bytes.data(), bytes.size())) {
            return false;
        }
        out += bytes;
        return true;
    case Kind::single_byte:
        return append_single_byte(out, charset, bytes);
    case Kind::multi_byte:
        return append_multi_byte(out, charset, bytes);
    case Kind::wide:
        return converter_of(charset).usable() && converter_of(charset).append(out, bytes);
    case Kind::binary:
        break;
    }
    return false;
}

} // namespace

const Charset* charset_by_name(std::string_view name) {
    if (name == "utf8") {
        name = "utf8mb3";
    }
    for (const Charset& charset : charsets()) {
        if (charset.name == name) {
            return &charset;
        }
    }
    return nullptr;
}

const Charset* charset_of_collation(std::uint32_t collation) {
    if (collation > kNoPad && collation < 2 * kNoPad) {
        collation -= kNoPad;
    }
    for (const Range& range : kRanges) {
        if (collation >= range.first && collation <= range.last) {
            return charset_by_name(range.charset);
        }
    }
    return nullptr;
}

bool append_utf8(std::string& out, const Charset& charset, std::string_view bytes) {
    const std::size_t start = out.size();
    if (append_any(out, charset, bytes)) {
        return true;
    }
    out.resize(start);
    return false;
}

void convert_text(std::string& out, const Charset& charset, std::string_view bytes,
                  std::string_view column) {
    if (append_utf8(out, charset, bytes)) {
        return;
    }
    std::string hex;
    for (const char c : bytes.substr(0, kMaxShown)) {
        base::append_hex(hex, static_cast<unsigned char>(c), 2);
    }
    throw base::Error{
        base::ExitCode::bad_data,
        fmt::format("{}X'{}'{} is not text in {}",
                    column.empty() ? "" : fmt::format("column {}: ", base::in_quotes(column)), hex,
                    bytes.size() > kMaxShown ? "…" : "", charset.name),
        "correct the value, or leave the column out (--leave-out; cdc-verify: "
        "--exclude-columns)"};
}

const Charset* result_charset(ColumnType type, std::uint32_t collation) {
    switch (type) {
    case ColumnType::varchar:
    case ColumnType::var_string:
    case ColumnType::string:
    case ColumnType::tiny_blob:
    case ColumnType::medium_blob:
    case ColumnType::long_blob:
    case ColumnType::blob:
    case ColumnType::enum_:
    case ColumnType::set:
        break;
    default:
        return nullptr;
    }
    const Charset* charset = charset_of_collation(collation);
    if (charset == nullptr) {
        base::fail(base::ExitCode::refused, "collation {} is not known", collation);
    }
    return charset->kind == Kind::utf8 || charset->kind == Kind::binary ? nullptr : charset;
}

} // namespace cdc::mysql
