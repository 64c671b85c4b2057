#ifndef CDC_EVENT_JSON_SCAN_HPP
#define CDC_EVENT_JSON_SCAN_HPP

#include <cstddef>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdc::event {

/// Whether a byte may not stand as it is inside a JSON string.
inline bool is_json_special(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

#ifdef __SSE2__
/// One bit for each of the 16 bytes from `at` that is special.
inline unsigned json_special_mask(const char* at) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}
#endif

/// First special byte in [at, end); `end` when there is none. `kMayReadBeyond`: 15 bytes behind
/// `end` may be read, and what is returned may lie there.
template<bool kMayReadBeyond = false>
inline const char* find_json_special(const char* at, const char* end) {
#ifdef __SSE2__
    for (; kMayReadBeyond ? at < end : end - at >= 16; at += 16) {
        if (const unsigned mask = json_special_mask(at); mask != 0) {
            return at + __builtin_ctz(mask);
        }
    }
    if constexpr (kMayReadBeyond) {
        return end;
    }
#endif
    while (at < end && !is_json_special(*at)) {
        ++at;
    }
    return at;
}

} // namespace cdc::event

#endif
