#include "duckdb/moment_texts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace cdc::duckdb {

namespace {

using Text = std::string_view;

constexpr Text kSpaces = " \t\n\v\f\r";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool equal_folded(Text text, Text lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    });
}

/// Reads a text from its front.
class Reader {
public:
    explicit Reader(Text text) : m_rest{text} {}

    bool at_end() const { return m_rest.empty(); }
    char next() const { return m_rest.empty() ? '\0' : m_rest.front(); }
    Text rest() const { return m_rest; }
    Text since(Text before) const { return before.substr(0, before.size() - m_rest.size()); }

    bool take(Text characters) {
        const bool found = !m_rest.empty() && characters.find(m_rest.front()) != Text::npos;
        m_rest.remove_prefix(found ? 1 : 0);
        return found;
    }
    bool skip_spaces() {
        const Text before = m_rest;
        while (take(" ")) {
        }
        return before.size() != m_rest.size();
    }
    Text digits() {
        const Text before = m_rest;
        while (is_digit(next())) {
            m_rest.remove_prefix(1);
        }
        return since(before);
    }
    /// Of one or two digits, up to `most`.
    bool number(int most) {
        const Text text = digits();
        int value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return !text.empty() && text.size() <= 2 && value <= most;
    }
    Text word() {
        const Text before = m_rest;
        while (!m_rest.empty() && kSpaces.find(m_rest.front()) == Text::npos) {
            m_rest.remove_prefix(1);
        }
        return since(before);
    }

private:
    Text m_rest;
};

bool read_date(Reader& reader, MomentText& out) {
    constexpr std::size_t kLongestYear = 7;
    const Text begin = reader.rest();
    const Text year = reader.digits();
    if (year.size() < 3 || year.size() > kLongestYear ||
        year.find_first_not_of('0') == Text::npos) {
        return false;
    }
    const char separator = reader.next();
    const Text same{&separator, 1};
    if (Text{"-/ "}.find(separator) == Text::npos || !reader.take(same) || !reader.number(12) ||
        !reader.take(same) || !reader.number(31)) {
        return false;
    }
    out.date = reader.since(begin);
    return true;
}

bool read_time(Reader& reader, MomentText& out) {
    const Text begin = reader.rest();
    const bool end_of_day = begin.starts_with("24:");
    if (!reader.number(24) || !reader.take(":") || !reader.number(59)) {
        return false;
    }
    if (reader.take(":")) {
        if (!reader.number(60)) {
            return false;
        }
        if (reader.take(".")) {
            reader.digits();
        }
    }
    out.time = reader.since(begin);
    return !end_of_day || out.time.substr(3).find_first_of("123456789") == Text::npos;
}

/// Reads nothing where none stands there.
bool read_offset(Reader& from, MomentText& out) {
    constexpr int kFarthest = 15;
    Reader reader = from;
    const Text begin = reader.rest();
    if (!reader.take("+-")) {
        return false;
    }
    const Text hours = reader.rest().substr(0, 2);
    Reader of_hours{hours};
    if (!of_hours.number(kFarthest)) {
        return false;
    }
    const std::size_t size = of_hours.since(hours).size();
    for (std::size_t i = 0; i < size; ++i) {
        reader.take("0123456789");
    }
    for (int part = 0; part < 2 && (reader.take(":") || is_digit(reader.next())); ++part) {
        if (!is_digit(reader.next())) {
            return false;
        }
        reader.take("0123456789");
        if (!reader.take("0123456789")) {
            return false;
        }
    }
    out.zone = reader.since(begin);
    from = reader;
    return true;
}

/// A place such as Europe/Berlin, PST8PDT, or an abbreviation of which both have one offset.
bool is_zone(Text word) {
    static constexpr std::array kSame =
        std::to_array<Text>({"z", "utc", "gmt", "est", "mst", "hst"});
    return word.find('/') != Text::npos ||
           (word.size() == 7 && is_digit(word[3]) && !is_digit(word[6])) ||
           std::any_of(kSame.begin(), kSame.end(),
                       [word](Text same) { return equal_folded(word, same); });
}

/// What no other offset can be.
bool is_utc(Text zone) {
    return equal_folded(zone, "z") || equal_folded(zone, "utc") || equal_folded(zone, "gmt");
}

bool is_offset(Text zone) {
    return zone.front() == '+' || zone.front() == '-';
}

int number_of(Text digits) {
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

int days_of(int month, bool leap_year) {
    return month == 2 ? (leap_year ? 29 : 28)
                      : (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31);
}

/// PostgreSQL's dates, and lower end of timestamps. The engine has more.
bool in_calendar(const MomentText& moment) {
    constexpr int kLastYear = 5874897;
    constexpr int kFirstYear = 4714; // before our era
    constexpr int kFirstDay = 1124;
    const std::size_t month = moment.date.find_first_not_of("0123456789");
    const std::size_t day = moment.date.find_first_not_of("0123456789", month + 1);
    const int year = number_of(moment.date.substr(0, month));
    const int month_number = number_of(moment.date.substr(month + 1, day - month - 1));
    const int day_number = number_of(moment.date.substr(day + 1));
    const int counted = moment.before_era ? year - 1 : year; // 1 BC is the year 0
    const bool leap_year = counted % 4 == 0 && (counted % 100 != 0 || counted % 400 == 0);
    if (month_number < 1 || day_number < 1 || day_number > days_of(month_number, leap_year)) {
        return false;
    }
    if (!moment.before_era) {
        return year <= kLastYear;
    }
    const int month_and_day = month_number * 100 + day_number;
    return year < kFirstYear || (year == kFirstYear && month_and_day >= kFirstDay);
}

/// With seconds, rounded to 6 digits behind their point.
MomentProblem append_time(std::string& out, Text time) {
    constexpr std::size_t kDigits = 6;
    const std::size_t point = std::min(time.find('.'), time.size());
    const Text behind = time.substr(std::min(point + 1, time.size()));
    out += time.substr(0, point);
    out += std::count(time.begin(), time.end(), ':') == 1 ? ":00" : "";
    if (behind.empty()) {
        return MomentProblem::none;
    }
    if (behind.size() <= kDigits) {
        out += time.substr(point);
        return MomentProblem::none;
    }
    const std::string fraction = "0." + std::string{behind};
    const long micros = std::lrint(std::strtod(fraction.c_str(), nullptr) * 1e6);
    const std::string digits = std::to_string(micros);
    if (digits.size() > kDigits) {
        return MomentProblem::rounds_up;
    }
    out += '.';
    out.append(kDigits - digits.size(), '0');
    out += digits;
    return MomentProblem::none;
}

/// As the kind has it. False: one of both would take it otherwise.
bool set_zone(MomentText& moment, MomentKind kind) {
    const Text zone = std::exchange(moment.zone, {});
    if (zone.empty()) {
        return true;
    }
    const bool known = is_offset(zone) || zone.find('/') == Text::npos;
    switch (kind) {
    case MomentKind::date:
    case MomentKind::timestamp:
        return known; // PostgreSQL passes over it; a place must be one
    case MomentKind::time:
        return is_offset(zone) || is_utc(zone);
    case MomentKind::time_of_zone:
        moment.zone = is_utc(zone) ? "+00" : zone;
        return is_offset(zone) || is_utc(zone);
    case MomentKind::timestamp_of_zone:
        moment.zone = is_utc(zone) ? "+00" : zone;
        return true;
    }
    return false;
}

} // namespace

Text trimmed(Text text) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    return begin == Text::npos ? Text{}
                               : text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

bool is_special_moment(Text text) {
    const Text inner = trimmed(text);
    return equal_folded(inner, "infinity") || equal_folded(inner, "-infinity") ||
           equal_folded(inner, "epoch");
}

std::optional<MomentText> parse_moment_text(Text text) {
    MomentText out;
    Reader reader{trimmed(text)};
    const std::size_t colon = reader.rest().find_first_not_of("0123456789");
    const bool time_alone = colon != Text::npos && reader.rest()[colon] == ':';
    if (!time_alone && !read_date(reader, out)) {
        return std::nullopt;
    }
    const bool joined = !time_alone && reader.take("Tt");
    const bool apart = reader.skip_spaces();
    if (time_alone || joined || (apart && is_digit(reader.next()))) {
        if (!read_time(reader, out)) {
            return std::nullopt;
        }
    } else if (!apart && !reader.at_end()) {
        return std::nullopt;
    }
    reader.skip_spaces();
    if (!reader.at_end() && !read_offset(reader, out)) {
        const Text begin = reader.rest();
        if (Reader ahead{begin}; is_zone(ahead.word())) {
            out.zone = reader.word();
        }
    }
    reader.skip_spaces();
    const Text era = reader.word();
    out.before_era = equal_folded(era, "bc") || equal_folded(era, "(bc)");
    if (!reader.at_end() || (!era.empty() && !out.before_era)) {
        return std::nullopt;
    }
    return out;
}

void append_moment(std::string& out, const MomentText& moment) {
    out += moment.date;
    out += moment.before_era ? " (BC)" : "";
    out += moment.date.empty() || moment.time.empty() ? "" : " ";
    out += moment.time;
    out +=
        moment.zone.empty() || !std::isalpha(static_cast<unsigned char>(moment.zone[0])) ? "" : " ";
    out += moment.zone;
}

MomentProblem append_moment_text(std::string& out, Text text, MomentKind kind) {
    const bool has_date = kind != MomentKind::time && kind != MomentKind::time_of_zone;
    if (has_date && is_special_moment(text)) {
        out += trimmed(text);
        return MomentProblem::none;
    }
    std::optional<MomentText> moment = parse_moment_text(text);
    if (!moment || (has_date ? moment->date : moment->time).empty() ||
        (!has_date && moment->before_era) || (!moment->date.empty() && !in_calendar(*moment)) ||
        !set_zone(*moment, kind)) {
        return MomentProblem::form;
    }
    if (!moment->zone.empty() && moment->time.empty()) {
        moment->time = "00:00";
    }
    std::string time;
    if (!moment->time.empty()) {
        const MomentProblem problem = append_time(time, moment->time);
        if (problem != MomentProblem::none && kind != MomentKind::date) {
            return problem;
        }
    }
    moment->time = kind == MomentKind::date ? Text{} : Text{time};
    if (!has_date) {
        moment->date = {};
    }
    append_moment(out, *moment);
    return MomentProblem::none;
}

} // namespace cdc::duckdb
