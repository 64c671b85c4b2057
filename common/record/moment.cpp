#include "record/moment.hpp"

#include "base/time.hpp"

#include <limits>

namespace cdc::record {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86400 * kSecond;
constexpr std::string_view kInfinity = "infinity";
constexpr std::string_view kMinusInfinity = "-infinity";
constexpr std::string_view kBeforeChrist = " BC";
constexpr int kFractionDigits = 6;
constexpr std::size_t kMostYearDigits = 7;

/// Takes what it is asked for from the front of a text, or fails.
class MomentReader {
public:
    explicit MomentReader(std::string_view text) : m_text{text} {}

    bool failed() const { return m_failed; }
    std::string_view rest() const { return m_text; }

    /// `least` to `most` digits.
    std::int64_t number(std::size_t least, std::size_t most) {
        std::int64_t value = 0;
        std::size_t size = 0;
        while (size < most && size < m_text.size() && m_text[size] >= '0' && m_text[size] <= '9') {
            value = value * 10 + (m_text[size] - '0');
            ++size;
        }
        m_failed = m_failed || size < least;
        m_text.remove_prefix(size);
        return value;
    }
    bool accept(char c) {
        const bool there = !m_text.empty() && m_text[0] == c;
        m_text.remove_prefix(there ? 1 : 0);
        return there;
    }
    void need(char c) { m_failed = !accept(c) || m_failed; }

    std::int64_t date(bool before_christ) {
        std::int64_t year = number(4, kMostYearDigits);
        need('-');
        const auto month = static_cast<unsigned>(number(2, 2));
        need('-');
        const auto day = static_cast<unsigned>(number(2, 2));
        year = before_christ ? 1 - year : year;
        if (m_failed || (year == 0 && !before_christ) || !base::is_valid_civil(year, month, day)) {
            m_failed = true;
            return 0;
        }
        return base::days_from_civil(year, month, day);
    }

    std::int64_t time() {
        const std::int64_t hours = number(2, 2);
        need(':');
        const std::int64_t minutes = number(2, 2);
        need(':');
        const std::int64_t seconds = number(2, 2);
        std::int64_t micros = 0;
        if (accept('.')) {
            const std::size_t before = m_text.size();
            micros = number(1, kFractionDigits);
            for (std::size_t i = before - m_text.size(); i < kFractionDigits; ++i) {
                micros *= 10;
            }
        }
        m_failed = m_failed || hours > 24 || minutes > 59 || seconds > 59;
        return ((hours * 60 + minutes) * 60 + seconds) * kSecond + micros;
    }

private:
    std::string_view m_text;
    bool m_failed = false;
};

/// The value of Integer that stands for "infinity" and "-infinity".
template<typename Integer>
std::optional<Integer> infinity_of(std::string_view text) {
    using Limits = std::numeric_limits<Integer>;
    if (text == kInfinity) {
        return Limits::max();
    }
    return text == kMinusInfinity ? std::optional{Limits::min()} : std::nullopt;
}

/// Takes " BC" from the end, if it is there.
bool take_before_christ(std::string_view& text) {
    const bool there = text.ends_with(kBeforeChrist);
    text.remove_suffix(there ? kBeforeChrist.size() : 0);
    return there;
}

void append_padded(std::string& out, std::int64_t value, int width) {
    char buffer[24];
    int size = 0;
    for (; value > 0 || size < width; value /= 10) {
        buffer[size++] = static_cast<char>('0' + value % 10);
    }
    while (size > 0) {
        out += buffer[--size];
    }
}

void append_civil(std::string& out, const base::CivilDate& date) {
    append_padded(out, date.year > 0 ? date.year : 1 - date.year, 4);
    out += '-';
    append_padded(out, date.month, 2);
    out += '-';
    append_padded(out, date.day, 2);
}

} // namespace

std::optional<std::int32_t> days_of(std::string_view text) {
    using Limits = std::numeric_limits<std::int32_t>;
    if (const auto infinity = infinity_of<std::int32_t>(text)) {
        return infinity;
    }
    const bool before_christ = take_before_christ(text);
    MomentReader reader{text};
    const std::int64_t days = reader.date(before_christ);
    if (reader.failed() || !reader.rest().empty() || days <= Limits::min() ||
        days >= Limits::max()) {
        return std::nullopt;
    }
    return static_cast<std::int32_t>(days);
}

std::optional<std::int64_t> time_of(std::string_view text) {
    MomentReader reader{text};
    const std::int64_t micros = reader.time();
    return reader.failed() || !reader.rest().empty() || micros > kDay ? std::nullopt
                                                                      : std::optional{micros};
}

std::optional<std::int64_t> timestamp_of(std::string_view text, bool zoned) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (const auto infinity = infinity_of<std::int64_t>(text)) {
        return infinity;
    }
    const bool before_christ = take_before_christ(text);
    MomentReader reader{text};
    const std::int64_t days = reader.date(before_christ);
    reader.need(before_christ ? ' ' : 'T');
    const std::int64_t time = reader.time();
    const std::string_view zone = before_christ ? "+00" : "Z";
    std::int64_t micros = 0;
    if (reader.failed() || reader.rest() != (zoned ? zone : "") ||
        __builtin_mul_overflow(days, kDay, &micros) ||
        __builtin_add_overflow(micros, time, &micros) || time >= kDay || micros == Limits::min() ||
        micros == Limits::max()) {
        return std::nullopt;
    }
    return micros;
}

void append_date(std::string& out, std::int32_t days) {
    using Limits = std::numeric_limits<std::int32_t>;
    if (days == Limits::max() || days == Limits::min()) {
        out += days < 0 ? kMinusInfinity : kInfinity;
        return;
    }
    const base::CivilDate date = base::civil_from_days(days);
    append_civil(out, date);
    out += date.year > 0 ? "" : kBeforeChrist;
}

void append_time(std::string& out, std::int64_t micros, int digits) {
    const std::int64_t seconds = micros / kSecond;
    append_padded(out, seconds / 3600, 2);
    out += ':';
    append_padded(out, seconds / 60 % 60, 2);
    out += ':';
    append_padded(out, seconds % 60, 2);
    std::int64_t fraction = micros % kSecond;
    int width = kFractionDigits;
    for (; width > 0 && (digits == kAsNeeded ? fraction % 10 == 0 : width > digits); --width) {
        fraction /= 10;
    }
    if (width > 0) {
        out += '.';
        append_padded(out, fraction, width);
    }
}

void append_timestamp(std::string& out, std::int64_t micros, int digits, bool zoned) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (micros == Limits::max() || micros == Limits::min()) {
        out += micros < 0 ? kMinusInfinity : kInfinity;
        return;
    }
    std::int64_t days = micros / kDay;
    std::int64_t time = micros % kDay;
    if (time < 0) {
        time += kDay;
        --days;
    }
    const base::CivilDate date = base::civil_from_days(days);
    append_civil(out, date);
    const bool before_christ = date.year <= 0;
    out += before_christ ? ' ' : 'T';
    append_time(out, time, digits);
    if (zoned) {
        out += before_christ ? "+00" : "Z";
    }
    out += before_christ ? kBeforeChrist : "";
}

} // namespace cdc::record
