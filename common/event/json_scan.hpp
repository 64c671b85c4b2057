#ifndef CDC_EVENT_JSON_SCAN_HPP
#define CDC_EVENT_JSON_SCAN_HPP

#include <cstddef>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdc::event {

/// Whether a byte may not stand as it is inside a JSON string.
inline bool is_json_special(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

#ifdef __SSE2__
/// One bit for each of the 16 bytes that is special.
inline unsigned json_special_mask(__m128i bytes) {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}

inline unsigned json_special_mask(const char* at) {
    return json_special_mask(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

/// Of fewer than 16 bytes, those at their begin and those at their end at once; both may overlap.
inline const char* find_json_special_of_few(const char* at, const char* end) {
    const auto of_both = [at, end](unsigned mask, std::ptrdiff_t size) {
        const std::ptrdiff_t first = __builtin_ctz(mask);
        return first < size ? at + first : end - 2 * size + first;
    };
    if (end - at >= 8) {
        const unsigned mask =
            json_special_mask(_mm_unpacklo_epi64(_mm_loadu_si64(at), _mm_loadu_si64(end - 8)));
        return mask == 0 ? end : of_both(mask, 8);
    }
    if (end - at >= 4) {
        const unsigned mask =
            json_special_mask(_mm_unpacklo_epi32(_mm_loadu_si32(at), _mm_loadu_si32(end - 4))) &
            0xff;
        return mask == 0 ? end : of_both(mask, 4);
    }
    while (at < end && !is_json_special(*at)) {
        ++at;
    }
    return at;
}
#endif

/// First special byte in [at, end); `end` when there is none. `kMayReadBeyond`: 15 bytes behind
/// `end` may be read, and what is returned may lie there.
template<bool kMayReadBeyond = false>
inline const char* find_json_special(const char* at, const char* end) {
#ifdef __SSE2__
    const bool is_long = end - at >= 16;
    for (; kMayReadBeyond ? at < end : end - at >= 16; at += 16) {
        if (const unsigned mask = json_special_mask(at); mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
    if (kMayReadBeyond || at == end) {
        return end;
    }
    if (is_long) { // once more what was seen, and the rest
        const unsigned mask = json_special_mask(end - 16);
        return mask == 0 ? end : end - 16 + __builtin_ctz(mask);
    }
    return find_json_special_of_few(at, end);
#else
    while (at < end && !is_json_special(*at)) {
        ++at;
    }
    return at;
#endif
}

/// Whether a text is ASCII and stands in a JSON string as it is.
inline bool is_plain_ascii(std::string_view text) {
#ifdef __SSE2__
    const auto is_plain = [](__m128i bytes) {
        return json_special_mask(bytes) == 0 && _mm_movemask_epi8(bytes) == 0;
    };
    const char* at = text.data();
    const char* const end = at + text.size();
    if (text.size() >= 16) {
        for (; end - at > 16; at += 16) {
            if (!is_plain(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)))) {
                return false;
            }
        }
        return is_plain(_mm_loadu_si128(reinterpret_cast<const __m128i*>(end - 16)));
    }
    if (text.size() >= 8) {
        return is_plain(_mm_unpacklo_epi64(_mm_loadu_si64(at), _mm_loadu_si64(end - 8)));
    }
#else
    const char* at = text.data();
    const char* const end = at + text.size();
#endif
    for (; at < end; ++at) {
        if (is_json_special(*at) || static_cast<unsigned char>(*at) >= 0x80) {
            return false;
        }
    }
    return true;
}

} // namespace cdc::event

#endif
