#include "event/line_predictor.hpp"

#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <set>

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace cdc::event {

namespace {

enum class Slot : unsigned char { passed_over, key, before, after, order, source_ts, ts };

/// Constant bytes, then a value.
struct Part {
    std::size_t begin; ///< of the constant, in the pattern's line
    std::size_t size;
    Slot slot;
    std::size_t field; ///< index of the image's field
};

/// An image with values in it: where it lies, seen from its first and last value.
struct ImagePlace {
    Image DecodedLine::*image = nullptr;
    std::size_t bytes_before = 0;
    std::size_t bytes_after = 0;
};

/// memcmp() == 0 without a call: the pieces are short, and there are many of them.
inline bool same_bytes(const char* left, const char* right, std::size_t size) {
    const auto same = [left, right]<typename Word>(Word /*width*/, std::size_t at) {
        Word of_left = 0;
        Word of_right = 0;
        std::memcpy(&of_left, left + at, sizeof(Word));
        std::memcpy(&of_right, right + at, sizeof(Word));
        return of_left == of_right;
    };
#ifdef __SSE2__
    constexpr std::size_t kWide = 16;
    if (size >= kWide) {
        const auto same_wide = [left, right](std::size_t at) {
            const auto of_left = _mm_loadu_si128(reinterpret_cast<const __m128i*>(left + at));
            const auto of_right = _mm_loadu_si128(reinterpret_cast<const __m128i*>(right + at));
            return _mm_movemask_epi8(_mm_cmpeq_epi8(of_left, of_right)) == 0xffff;
        };
        for (std::size_t at = 0; at + kWide < size; at += kWide) {
            if (!same_wide(at)) {
                return false;
            }
        }
        return same_wide(size - kWide); // some bytes a second time
    }
#endif
    if (size >= sizeof(std::uint64_t)) {
        constexpr std::size_t kWidth = sizeof(std::uint64_t);
        for (std::size_t at = 0; at + kWidth < size; at += kWidth) {
            if (!same(std::uint64_t{}, at)) {
                return false;
            }
        }
        return same(std::uint64_t{}, size - kWidth); // some bytes a second time
    }
    if (size >= sizeof(std::uint32_t)) {
        return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - sizeof(std::uint32_t));
    }
    for (std::size_t at = 0; at < size; ++at) {
        if (left[at] != right[at]) {
            return false;
        }
    }
    return true;
}

/// Behind the string that starts at `at`; nullptr when it is not one that is certainly right.
const char* skip_string(const char* at, const char* end) {
    ++at;
    while (true) {
        at = find_json_special<true>(at, end);
        if (at >= end) {
            return nullptr;
        }
        if (*at == '"') {
            return at + 1;
        }
        if (*at != '\\') {
            return nullptr;
        }
        switch (at[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            at += 2;
            break;
        default:
            return nullptr; // \u goes the long way
        }
    }
}

/// Behind the digits from `at`; `at` itself when there are none. Eight bytes at a time: of the
/// first that is no digit, and of none before it, the top bit is set in the sum or was already.
const char* skip_digits(const char* at) {
    constexpr std::uint64_t kEach = 0x0101010101010101U;
    while (true) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, at, sizeof bytes);
        const std::uint64_t digits = le64toh(bytes) ^ kEach * '0';
        const std::uint64_t others = (digits | (digits + kEach * (0x80 - 10))) & kEach * 0x80;
        if (others != 0) {
            return at + __builtin_ctzll(others) / 8;
        }
        at += sizeof bytes;
    }
}

const char* skip_number(const char* at) {
    const char* const first = *at == '-' ? at + 1 : at;
    const char* last = skip_digits(first);
    if (last == first || (*first == '0' && last - first > 1)) {
        return nullptr;
    }
    if (*last == '.') {
        const char* const fraction = last + 1;
        last = skip_digits(fraction);
        if (last == fraction) {
            return nullptr;
        }
    }
    if (*last == 'e' || *last == 'E') {
        const char* const exponent = last + (last[1] == '-' || last[1] == '+' ? 2 : 1);
        last = skip_digits(exponent);
        return last == exponent ? nullptr : last;
    }
    return last;
}

constexpr int kMostDimensions = 6; // PostgreSQL's own limit

const char* skip_value(const char* at, const char* end, int depth = 0);

/// Behind the array that starts at `at`, when it has no white space.
const char* skip_array(const char* at, const char* end, int depth) {
    if (depth >= kMostDimensions) {
        return nullptr;
    }
    if (*++at == ']') {
        return at + 1;
    }
    while (true) {
        at = skip_value(at, end, depth + 1);
        if (at == nullptr || at >= end) {
            return nullptr;
        }
        if (*at == ']') {
            return at + 1;
        }
        if (*at++ != ',') {
            return nullptr;
        }
    }
}

/// Behind a string, a number, a word, or an array of them.
const char* skip_value(const char* at, const char* end, int depth) {
    switch (*at) {
    case '"':
        return skip_string(at, end);
    case 'n':
        return std::memcmp(at, "null", 4) == 0 ? at + 4 : nullptr;
    case 't':
        return std::memcmp(at, "true", 4) == 0 ? at + 4 : nullptr;
    case 'f':
        return std::memcmp(at, "false", 5) == 0 ? at + 5 : nullptr;
    case '[':
        return skip_array(at, end, depth);
    default:
        return skip_number(at);
    }
}

/// A number that is mostly that of the line before.
class RepeatedInteger {
public:
    bool read(const char* begin, const char* end, std::int64_t& value) {
        const auto size = static_cast<std::size_t>(end - begin);
        if (size == m_text.size() && same_bytes(begin, m_text.data(), size)) {
            value = m_value;
            return true;
        }
        const auto number = base::parse_integer<std::int64_t>({begin, size});
        if (number) {
            m_text.assign(begin, size);
            value = m_value = *number;
        }
        return number.has_value();
    }

private:
    std::string m_text;
    std::int64_t m_value = 0;
};

} // namespace

struct LinePredictor::Pattern {
    std::string line;
    LineDecoder decoder; ///< owns the parts of `decoded` that do not change
    DecodedLine decoded; ///< names and constants lie in `line`, values in the line last matched
    std::vector<Part> parts;
    std::vector<ImagePlace> images;
    std::size_t tail_begin = 0;    ///< constant bytes behind the last value
    std::size_t source_before = 0; ///< as ImagePlace, of source
    std::size_t source_after = 0;
    RepeatedInteger source_ts;
    RepeatedInteger ts;

    bool build(std::string_view text);
    /// The line with short values in its images: what a pattern keeps does not grow with them.
    std::string shortened() const;

private:
    bool add_image(JsonCursor& cursor, Image DecodedLine::*image, Slot slot);
    bool add_source(JsonCursor& cursor);
    bool add_value(JsonCursor& cursor, Slot slot, std::size_t field);
    std::size_t m_constant_begin = 0;
};

bool LinePredictor::Pattern::add_value(JsonCursor& cursor, Slot slot, std::size_t field) {
    cursor.peek();
    const std::size_t begin = cursor.offset();
    if (cursor.value().empty()) {
        return false;
    }
    parts.push_back({m_constant_begin, begin - m_constant_begin, slot, field});
    m_constant_begin = cursor.offset();
    return true;
}

bool LinePredictor::Pattern::add_image(JsonCursor& cursor, Image DecodedLine::*image, Slot slot) {
    if (cursor.peek() != '{') {
        return cursor.value() == "null";
    }
    const std::size_t begin = cursor.offset();
    const std::size_t first = parts.size();
    std::size_t field = 0;
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        cursor.member_name();
        if (!add_value(cursor, slot, field++)) {
            return false;
        }
    }
    if (cursor.failed() || parts.size() == first) {
        return false;
    }
    images.push_back({image, parts[first].begin + parts[first].size - begin,
                      cursor.offset() - m_constant_begin});
    return true;
}

bool LinePredictor::Pattern::add_source(JsonCursor& cursor) {
    static constexpr std::string_view kConstant[] = {"version", "connector", "name",     "db",
                                                     "schema",  "table",     "snapshot", "gone"};
    cursor.peek();
    const std::size_t begin = cursor.offset();
    const std::size_t first = parts.size();
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        if (std::find(std::begin(kConstant), std::end(kConstant), name) != std::end(kConstant)) {
            cursor.value();
            continue;
        }
        const Slot slot = name == "order"   ? Slot::order
                          : name == "ts_ms" ? Slot::source_ts
                                            : Slot::passed_over;
        // Of a member that stands twice the last one counts.
        const bool twice =
            slot != Slot::passed_over &&
            std::any_of(parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end(),
                        [&](const Part& part) { return part.slot == slot; });
        if (twice || !add_value(cursor, slot, 0)) {
            return false;
        }
    }
    if (cursor.failed() || parts.size() == first) {
        return false;
    }
    source_before = parts[first].begin + parts[first].size - begin;
    source_after = cursor.offset() - m_constant_begin;
    return true;
}

bool LinePredictor::Pattern::build(std::string_view text) {
    line = text;
    decoded = decoder.decode(line);
    std::set<std::string_view> names;
    JsonCursor cursor{line};
    for (bool more = cursor.open('{'); more; more = cursor.next('}')) {
        const std::string_view name = cursor.member_name();
        bool good = names.insert(name).second;
        if (name == "key") {
            good = good && add_image(cursor, &DecodedLine::key, Slot::key);
        } else if (name == "before") {
            good = good && add_image(cursor, &DecodedLine::before, Slot::before);
        } else if (name == "after") {
            good = good && add_image(cursor, &DecodedLine::after, Slot::after);
        } else if (name == "source") {
            good = good && add_source(cursor);
        } else if (name == "ts_ms") {
            good = good && add_value(cursor, Slot::ts, 0);
        } else if (name == "op" || name == "unchanged") {
            cursor.value();
        } else {
            return false; // key changes, and what is not known here, go the long way
        }
        if (!good) {
            return false;
        }
    }
    tail_begin = m_constant_begin;
    return !cursor.failed();
}

std::string LinePredictor::Pattern::shortened() const {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Part& part = parts[i];
        const std::size_t value = part.begin + part.size;
        const std::size_t next = i + 1 < parts.size() ? parts[i + 1].begin : tail_begin;
        out.append(line, part.begin, part.size);
        const bool of_image =
            part.slot == Slot::key || part.slot == Slot::before || part.slot == Slot::after;
        out += of_image ? std::string_view{"null"}
                        : std::string_view{line}.substr(value, next - value);
    }
    return out.append(line, tail_begin);
}

bool LinePredictor::match(Pattern& pattern, std::string_view line) {
    const char* at = line.data();
    const char* const end = at + line.size();
    const char* const known = pattern.line.data();
    DecodedLine& out = pattern.decoded;
    const auto room = [&](std::size_t size) {
        return static_cast<std::size_t>(end - at) >= size;
    };
    ImagePlace* image = pattern.images.data();
    ImagePlace* const last_image = image + pattern.images.size();
    const char* source_begin = nullptr;
    const char* source_end = nullptr;
    const char* image_begin = nullptr;
    Slot image_slot = Slot::passed_over;
    const auto close_image = [&](const char* value_end) {
        Image& closed = out.*(image->image);
        const char* begin = image_begin - image->bytes_before;
        closed.raw = {begin, static_cast<std::size_t>(value_end + image->bytes_after - begin)};
        ++image;
        image_begin = nullptr;
    };
    const char* value_end = nullptr;
    for (const Part& part : pattern.parts) {
        if (!room(part.size + 1) || !same_bytes(at, known + part.begin, part.size)) {
            return false;
        }
        at += part.size;
        if (image_begin != nullptr && part.slot != image_slot) {
            close_image(value_end);
        }
        const char* const next = skip_value(at, end);
        if (next == nullptr || next > end) {
            return false;
        }
        const std::string_view value{at, static_cast<std::size_t>(next - at)};
        switch (part.slot) {
        case Slot::key:
        case Slot::before:
        case Slot::after: {
            if (image_begin == nullptr) {
                image_begin = at;
                image_slot = part.slot;
            }
            Image& target = part.slot == Slot::key      ? out.key
                            : part.slot == Slot::before ? out.before
                                                        : out.after;
            target.fields[part.field].value = value;
            break;
        }
        case Slot::order: {
            const auto order = value.size() == 34 && value[0] == '"'
                                   ? Order::parse(value.substr(1, 32))
                                   : std::nullopt;
            if (!order) {
                return false;
            }
            out.source.order = *order;
            break;
        }
        case Slot::source_ts:
            if (!pattern.source_ts.read(at, next, out.source.ts_ms)) {
                return false;
            }
            break;
        case Slot::ts:
            if (!pattern.ts.read(at, next, out.ts_ms)) {
                return false;
            }
            break;
        case Slot::passed_over:
            break;
        }
        if (part.slot == Slot::order || part.slot == Slot::source_ts ||
            part.slot == Slot::passed_over) {
            if (source_begin == nullptr) {
                source_begin = at - pattern.source_before;
            }
            source_end = next + pattern.source_after;
        }
        at = value_end = next;
    }
    const std::size_t tail = pattern.line.size() - pattern.tail_begin;
    if (static_cast<std::size_t>(end - at) != tail ||
        !same_bytes(at, known + pattern.tail_begin, tail)) {
        return false;
    }
    if (image_begin != nullptr && image != last_image) {
        close_image(value_end);
    }
    out.source.raw = {source_begin, static_cast<std::size_t>(source_end - source_begin)};
    out.raw = line;
    out.payload = out.key.raw;
    return true;
}

void LinePredictor::learn(std::string_view line) {
    auto pattern = std::make_shared<Pattern>();
    if (!pattern->build(line)) {
        return;
    }
    if (line.size() > kLongPattern) {
        auto shorter = std::make_shared<Pattern>();
        if (!shorter->build(pattern->shortened()) || shorter->line.size() > kLongestPattern) {
            return;
        }
        pattern = std::move(shorter);
    }
    if (m_patterns.size() >= kPatterns) {
        m_patterns.pop_back();
    }
    m_patterns.insert(m_patterns.begin(), std::move(pattern));
}

std::size_t LinePredictor::kept_bytes() const {
    std::size_t bytes = 0;
    for (const auto& pattern : m_patterns) {
        bytes += pattern->line.capacity();
    }
    return bytes;
}

const DecodedLine& LinePredictor::decode(std::string_view line) {
    constexpr std::string_view kChange = "{\"key\":";
    if (line.substr(0, kChange.size()) == kChange) {
        for (std::size_t i = 0; i < m_patterns.size(); ++i) {
            if (match(*m_patterns[i], line)) {
                if (i != 0) {
                    std::swap(m_patterns[0], m_patterns[i]);
                }
                if (!simdjson::validate_utf8(line.data(), line.size())) {
                    break; // LineDecoder has the words
                }
                return m_patterns[0]->decoded;
            }
        }
        const DecodedLine& decoded = m_decoder.decode(line);
        // Learning costs as much as a few lines: rarely where nothing ever matches.
        constexpr std::size_t kRarely = 64;
        if (m_patterns.size() < kPatterns || ++m_misses % kRarely == 0) {
            learn(line);
        }
        return decoded;
    }
    return m_decoder.decode(line);
}

} // namespace cdc::event
