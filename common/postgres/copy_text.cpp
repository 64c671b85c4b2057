#include "postgres/copy_text.hpp"

#include "base/error.hpp"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

bool is_special(char c) {
    return c == '\t' || c == '\\' || c == '\n';
}

/// The first tab, backslash or newline; `end` when there is none.
char* find_special(char* at, const char* end) {
#ifdef __SSE2__
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i newline = _mm_set1_epi8('\n');
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i special =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, tab), _mm_cmpeq_epi8(bytes, backslash)),
                         _mm_cmpeq_epi8(bytes, newline));
        if (const int mask = _mm_movemask_epi8(special); mask != 0) {
            return at + __builtin_ctz(static_cast<unsigned>(mask));
        }
        at += 16;
    }
#endif
    while (at != end && !is_special(*at)) {
        ++at;
    }
    return at;
}

/// What `\c` stands for; 0 when the server never writes it.
char unescaped(char c) {
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    case '\\':
        return '\\';
    default:
        return 0;
    }
}

/// Unescapes the field that begins at `start` from its first backslash `at` on. Returns the end of
/// the field in its escaped form (a tab or newline, or `end`); `length` is that of its text.
char* unescape(char* start, char* at, char* end, std::size_t number, std::size_t& length) {
    char* to = at;
    while (at != end && *at == '\\') {
        const char meaning = at + 1 == end ? '\0' : unescaped(at[1]);
        if (meaning == '\0') {
            fail(ExitCode::bad_data, "field {} of a COPY row has an escape that is unknown or cut",
                 number);
        }
        *to++ = meaning;
        at += 2;
        char* const next = find_special(at, end);
        std::memmove(to, at, static_cast<std::size_t>(next - at));
        to += next - at;
        at = next;
    }
    length = static_cast<std::size_t>(to - start);
    return at;
}

} // namespace

void decode_copy_row(char* row, std::size_t size, pgoutput::Tuple& fields) {
    fields.clear();
    char* const end = row + size;
    char* at = row;
    while (true) {
        char* const start = at;
        const std::size_t number = fields.size() + 1;
        at = find_special(at, end);
        auto length = static_cast<std::size_t>(at - start);
        const bool null = at == start && end - at >= 3 && at[0] == '\\' && at[1] == 'N' &&
                          (at[2] == '\t' || at[2] == '\n');
        if (null) {
            fields.push_back({'n', {}});
            at += 2;
        } else {
            if (at != end && *at == '\\') {
                at = unescape(start, at, end, number, length);
            }
            fields.push_back({'t', {start, length}});
        }
        if (at == end) {
            fail(ExitCode::bad_data, "a COPY row ends inside field {}", number);
        }
        if (*at == '\n') {
            break;
        }
        ++at;
    }
    if (at + 1 != end) {
        fail(ExitCode::bad_data, "a COPY row goes on behind its end, after field {}",
             fields.size());
    }
}

} // namespace cdc::postgres
