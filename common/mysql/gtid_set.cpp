#include "mysql/gtid_set.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "mysql/byte_reader.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::uint64_t kTagFormat = 1; ///< of encode(), in the first and the last byte of its head

[[noreturn]] void wrong_set(std::string_view text) {
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

std::string lower_case(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return out;
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
            wrong_set(text);
        }
        while (!entry.empty()) {
            std::string_view part = cut(entry, ':');
            if (!part.empty() && (part[0] < '0' || part[0] > '9')) {
                source.second = lower_case(part); // a tag, for the numbers that follow
                if (!is_gtid_tag(source.second)) {
                    wrong_set(text);
                }
                continue;
            }
            const auto first = base::parse_integer<std::uint64_t>(cut(part, '-'));
            const auto last = part.empty() ? first : base::parse_integer<std::uint64_t>(part);
            if (!first || !last || *first == 0 || *last < *first) {
                wrong_set(text);
            }
            add(source, {*first, *last});
        }
    }
}

GtidSet GtidSet::decode(std::string_view bytes) {
    GtidSet out;
    ByteReader reader{bytes};
    const std::uint64_t head = reader.u64();
    const bool tags = head >> 56 == kTagFormat;
    const std::uint64_t sources = tags ? head >> 8 & 0xffffffffffff : head;
    for (std::uint64_t i = 0; i < sources; ++i) {
        Source source;
        const std::string_view uuid = reader.bytes(source.first.size());
        std::copy(uuid.begin(), uuid.end(), source.first.begin());
        if (tags) {
            source.second = reader.bytes(reader.u8() >> 1);
            if (!source.second.empty() && !is_gtid_tag(source.second)) {
                fail(ExitCode::bad_data, "a set of global transaction ids with the tag {}",
                     in_quotes(source.second));
            }
        }
        for (std::uint64_t left = reader.u64(); left != 0; --left) {
            const std::uint64_t first = reader.u64();
            const std::uint64_t end = reader.u64();
            if (first == 0 || end <= first) {
                fail(ExitCode::bad_data, "a set of global transaction ids with {} to {}", first,
                     end);
            }
            out.add(source, {first, end - 1});
        }
    }
    return out;
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

void GtidSet::add(const GtidSet& other) {
    for (const auto& [source, list] : other.m_intervals) {
        for (const Interval& interval : list) {
            add(source, interval);
        }
    }
}

GtidSet GtidSet::of_server(std::string_view uuid) const {
    std::array<std::uint8_t, 16> server{};
    if (!parse_uuid(uuid, server)) {
        wrong_set(uuid);
    }
    GtidSet out;
    for (const auto& [source, list] : m_intervals) {
        if (source.first == server) {
            out.m_intervals.emplace(source, list);
        }
    }
    return out;
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
    put_u64(out, tags ? kTagFormat << 56 | sources << 8 | kTagFormat : sources);
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
            wrong_set(text);
        }
        m_domains[*domain] = {*server, *sequence};
    }
}

MariadbGtidList MariadbGtidList::decode(std::string_view body) {
    MariadbGtidList out;
    ByteReader reader{body};
    constexpr std::uint32_t kCount = 0x0fffffff;
    for (std::uint32_t left = reader.u32() & kCount; left != 0; --left) {
        const std::uint32_t domain = reader.u32();
        const std::uint32_t server = reader.u32();
        Last& last = out.m_domains[domain];
        // Of several servers in a domain the last executed stands last.
        last = {server, reader.u64()};
    }
    return out;
}

void MariadbGtidList::add(const MariadbGtidList& other) {
    for (const auto& [domain, last] : other.m_domains) {
        const auto found = m_domains.find(domain);
        if (found == m_domains.end() || found->second.sequence < last.sequence) {
            m_domains[domain] = last;
        }
    }
}

MariadbGtidList MariadbGtidList::without(const MariadbGtidList& other) const {
    MariadbGtidList out;
    for (const auto& [domain, last] : m_domains) {
        const auto found = other.m_domains.find(domain);
        if (found == other.m_domains.end() || found->second.sequence < last.sequence) {
            out.m_domains.emplace(domain, last);
        }
    }
    return out;
}

MariadbGtidList MariadbGtidList::of_server(std::uint32_t server) const {
    MariadbGtidList out;
    for (const auto& [domain, last] : m_domains) {
        if (last.server == server) {
            out.m_domains.emplace(domain, last);
        }
    }
    return out;
}

void MariadbGtidList::add(const MariadbGtid& gtid) {
    m_domains[gtid.domain] = {gtid.server_id, gtid.sequence};
}

std::uint64_t MariadbGtidList::count_after(const MariadbGtidList& other) const {
    std::uint64_t count = 0;
    for (const auto& [domain, last] : m_domains) {
        const auto found = other.m_domains.find(domain);
        const std::uint64_t from = found == other.m_domains.end() ? 0 : found->second.sequence;
        count += last.sequence > from ? last.sequence - from : 0;
    }
    return count;
}

std::string MariadbGtidList::text() const {
    std::string out;
    for (const auto& [domain, last] : m_domains) {
        out += out.empty() ? "" : ",";
        out += fmt::format("{}-{}-{}", domain, last.server, last.sequence);
    }
    return out;
}

bool is_gtid_set(std::string_view text) {
    const auto fits = [text](auto none) {
        try {
            return !decltype(none){text}.empty();
        } catch (const base::Error&) {
            return false;
        }
    };
    return fits(GtidSet{}) || fits(MariadbGtidList{});
}

} // namespace cdc::mysql
