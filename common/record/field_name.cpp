#include "record/field_name.hpp"

#include "base/numbers.hpp"

#include <fmt/format.h>

namespace cdc::record {

namespace {

constexpr std::uint32_t kLastOfOneByte = 0x7f;
constexpr std::size_t kMostHexDigits = 6;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes one character of UTF-8.
std::uint32_t take_character(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text[0]);
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    std::uint32_t number = size == 1 ? first : first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size && i < text.size(); ++i) {
        number = number << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    text.remove_prefix(std::min(size, text.size()));
    return number;
}

void append_character(std::string& out, std::uint32_t number) {
    if (number <= kLastOfOneByte) {
        out += static_cast<char>(number);
    } else if (number <= 0x7ff) {
        out += static_cast<char>(0xc0 | number >> 6);
        out += static_cast<char>(0x80 | (number & 0x3f));
    } else if (number <= 0xffff) {
        out += static_cast<char>(0xe0 | number >> 12);
        out += static_cast<char>(0x80 | (number >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (number & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | number >> 18);
        out += static_cast<char>(0x80 | (number >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (number >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (number & 0x3f));
    }
}

} // namespace

std::string field_name(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        const char c = name[0];
        const bool plain = is_letter(c) || (is_digit(c) && !out.empty());
        if (plain && !name.starts_with("_x")) {
            out += c;
            name.remove_prefix(1);
        } else {
            out += fmt::format("_x{:04X}_", take_character(name));
        }
    }
    return out.empty() ? "_x_" : out;
}

std::string column_name(std::string_view field) {
    if (field == "_x_") {
        return {};
    }
    std::string out;
    while (!field.empty()) {
        if (field.starts_with("_x")) {
            const auto end = field.find('_', 2);
            if (end != std::string_view::npos && end >= 6 && end <= 2 + kMostHexDigits) {
                if (const auto number =
                        base::parse_integer<std::uint32_t>(field.substr(2, end - 2), 16)) {
                    append_character(out, *number);
                    field.remove_prefix(end + 1);
                    continue;
                }
            }
        }
        out += field[0];
        field.remove_prefix(1);
    }
    return out;
}

} // namespace cdc::record
