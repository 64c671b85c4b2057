#include "mysql/gtid_set.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

[[noreturn]] void wrong(std::string_view text) {
    fail(ExitCode::bad_data, "{} is not a set of global transaction ids", in_quotes(text));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The part up to `separator`, which is taken off `rest` with it.
std::string_view cut(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trimmed(part);
}

bool parse_uuid(std::string_view text, std::array<std::uint8_t, 16>& out) {
    std::string digits;
    for (const char c : text) {
        if (c != '-') {
            digits += c;
        }
    }
    if (digits.size() != 32) {
        return false;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto byte =
            base::parse_integer<std::uint8_t>(std::string_view{digits}.substr(2 * i, 2), 16);
        if (!byte) {
            return false;
        }
        out[i] = *byte;
    }
    return true;
}

void put_u64(std::string& out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) {
        out += static_cast<char>(value >> (8 * i));
    }
}

} // namespace

GtidSet::GtidSet(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view entry = cut(rest, ',');
        if (entry.empty()) {
            continue;
        }
        Source source;
        if (!parse_uuid(cut(entry, ':'), source.first)) {
            wrong(text);
        }
        while (!entry.empty()) {
            std::string_view part = cut(entry, ':');
            if (!part.empty() && (part[0] < '0' || part[0] > '9')) {
                source.second = part; // a tag, for the numbers that follow
                continue;
            }
            const auto first = base::parse_integer<std::uint64_t>(cut(part, '-'));
            const auto last = part.empty() ? first : base::parse_integer<std::uint64_t>(part);
            if (!first || !last || *first == 0 || *last < *first) {
                wrong(text);
            }
            add(source, {*first, *last});
        }
    }
}

void GtidSet::add(const Source& source, Interval interval) {
    std::vector<Interval>& list = m_intervals[source];
    if (!list.empty() && list.back().second + 1 == interval.first) {
        list.back().second = interval.second; // the next one, as it mostly is
        return;
    }
    list.push_back(interval);
    std::sort(list.begin(), list.end());
    std::vector<Interval> merged;
    for (const Interval& next : list) {
        if (!merged.empty() && next.first <= merged.back().second + 1) {
            merged.back().second = std::max(merged.back().second, next.second);
        } else {
            merged.push_back(next);
        }
    }
    list = std::move(merged);
}

void GtidSet::add(const Gtid& gtid) {
    if (gtid.number > 0) {
        const auto number = static_cast<std::uint64_t>(gtid.number);
        add({gtid.server, gtid.tag}, {number, number});
    }
}

bool GtidSet::contains(const Gtid& gtid) const {
    GtidSet one;
    one.add(gtid);
    return contains(one);
}

bool GtidSet::contains(const GtidSet& other) const {
    return other.without(*this).empty();
}

GtidSet GtidSet::without(const GtidSet& other) const {
    GtidSet out;
    for (const auto& [source, list] : m_intervals) {
        const auto found = other.m_intervals.find(source);
        for (Interval left : list) {
            bool any = true;
            if (found != other.m_intervals.end()) {
                for (const Interval& taken : found->second) {
                    if (taken.second < left.first || taken.first > left.second) {
                        continue;
                    }
                    if (taken.first > left.first) {
                        out.add(source, {left.first, taken.first - 1});
                    }
                    if (taken.second >= left.second) {
                        any = false;
                        break;
                    }
                    left.first = taken.second + 1;
                }
            }
            if (any) {
                out.add(source, left);
            }
        }
    }
    return out;
}

std::uint64_t GtidSet::count() const {
    std::uint64_t total = 0;
    for (const auto& [source, list] : m_intervals) {
        for (const Interval& interval : list) {
            total += interval.second - interval.first + 1;
        }
    }
    return total;
}

std::string GtidSet::text() const {
    std::string out;
    for (const auto& [source, list] : m_intervals) {
        Gtid name;
        name.server = source.first;
        name.tag = source.second;
        name.number = 1;
        std::string prefix = name.text();
        prefix.resize(prefix.size() - 2); // without ":1"
        out += out.empty() ? "" : ",";
        out += prefix;
        for (const Interval& interval : list) {
            out += ':';
            base::append_integer(out, interval.first);
            if (interval.second != interval.first) {
                out += '-';
                base::append_integer(out, interval.second);
            }
        }
    }
    return out;
}

std::string GtidSet::encode() const {
    const bool tags = std::any_of(m_intervals.begin(), m_intervals.end(),
                                  [](const auto& entry) { return !entry.first.second.empty(); });
    std::string out;
    const std::uint64_t sources = m_intervals.size();
    // The form with tags says so in the highest byte, and has the number one byte higher.
    put_u64(out, tags ? std::uint64_t{1} << 56 | sources << 8 | 1 : sources);
    for (const auto& [source, list] : m_intervals) {
        out.append(reinterpret_cast<const char*>(source.first.data()), source.first.size());
        if (tags) {
            out += static_cast<char>(source.second.size() << 1); // at most 32 letters
            out += source.second;
        }
        put_u64(out, list.size());
        for (const Interval& interval : list) {
            put_u64(out, interval.first);
            put_u64(out, interval.second + 1);
        }
    }
    return out;
}

MariadbGtidList::MariadbGtidList(std::string_view text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view entry = cut(rest, ',');
        if (entry.empty()) {
            continue;
        }
        const auto domain = base::parse_integer<std::uint32_t>(cut(entry, '-'));
        const auto server = base::parse_integer<std::uint32_t>(cut(entry, '-'));
        const auto sequence = base::parse_integer<std::uint64_t>(entry);
        if (!domain || !server || !sequence) {
            wrong(text);
        }
        m_domains[*domain] = {*server, *sequence};
    }
}

void MariadbGtidList::add(const MariadbGtid& gtid) {
    m_domains[gtid.domain] = {gtid.server_id, gtid.sequence};
}

std::string MariadbGtidList::text() const {
    std::string out;
    for (const auto& [domain, last] : m_domains) {
        out += out.empty() ? "" : ",";
        out += fmt::format("{}-{}-{}", domain, last.server, last.sequence);
    }
    return out;
}

} // namespace cdc::mysql
