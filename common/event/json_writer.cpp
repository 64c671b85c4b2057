#include "event/json_writer.hpp"

#include "base/numbers.hpp"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdc::event {

namespace {

constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

/// Length of the part of `text` that can be copied as it is.
std::size_t plain_length(const char* text, std::size_t size) {
    std::size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1f);
    for (; i + 16 <= size; i += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + i));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i special = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)), control);
        if (const int mask = _mm_movemask_epi8(special); mask != 0) {
            return i + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
        }
    }
#endif
    while (i < size && !needs_escape(text[i])) {
        ++i;
    }
    return i;
}

void append_escape(std::string& out, char c) {
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        out += "\\u";
        base::append_hex(out, static_cast<unsigned char>(c), 4);
    }
}

} // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    while (true) {
        const std::size_t plain = plain_length(text.data(), text.size());
        out.append(text.data(), plain);
        if (plain == text.size()) {
            return;
        }
        append_escape(out, text[plain]);
        text.remove_prefix(plain + 1);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_json_escaped(out, text);
    out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) {
    const bool exact = value >= -kMaxExact && value <= kMaxExact;
    if (!exact) {
        out += '"';
    }
    base::append_integer(out, value);
    if (!exact) {
        out += '"';
    }
}

void append_json_integer(std::string& out, std::uint64_t value) {
    const bool exact = value <= static_cast<std::uint64_t>(kMaxExact);
    if (!exact) {
        out += '"';
    }
    base::append_integer(out, value);
    if (!exact) {
        out += '"';
    }
}

void append_json_integer_text(std::string& out, std::string_view digits) {
    constexpr std::string_view kMaxText = "9007199254740992";
    const std::string_view magnitude = digits.substr(!digits.empty() && digits[0] == '-' ? 1 : 0);
    const bool exact = magnitude.size() < kMaxText.size() ||
                       (magnitude.size() == kMaxText.size() && magnitude <= kMaxText);
    if (exact) {
        out += digits;
    } else {
        out += '"';
        out += digits;
        out += '"';
    }
}

void append_json_float_text(std::string& out, std::string_view text) {
    // Only "NaN", "Infinity" and "-Infinity" end in a letter.
    const bool finite = !text.empty() && text.back() >= '0' && text.back() <= '9';
    if (finite) {
        out += text;
    } else {
        append_json_string(out, text);
    }
}

} // namespace cdc::event
