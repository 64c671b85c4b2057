#include "duckdb/exact_quotient.hpp"

#include <algorithm>
#include <cstddef>

namespace cdc::duckdb {

namespace {

constexpr int kGroup = 4;               ///< decimal digits of one of PostgreSQL's
constexpr int kLeastDigits = 16;        ///< NUMERIC_MIN_SIG_DIGITS
constexpr std::size_t kMostDigits = 37; ///< of a divisor: ten times it fits into 128 bits

__extension__ using Wide = unsigned __int128;

/// A decimal text's parts.
struct Number {
    bool negative = false;
    std::string_view whole; ///< without leading zeros
    std::string_view fraction;
    int weight = 0; ///< of the first group that is not 0, as PostgreSQL counts them
    int first = 0;  ///< that group

    int scale() const { return static_cast<int>(fraction.size()); }
};

int group_at(std::string_view digits, std::size_t begin, std::size_t size) {
    int value = 0;
    for (std::size_t i = begin; i < begin + size; ++i) {
        value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    }
    return value;
}

Number parse(std::string_view text) {
    Number out;
    out.negative = !text.empty() && text.front() == '-';
    text.remove_prefix(out.negative ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    out.whole = text.substr(0, point);
    out.whole.remove_prefix(std::min(out.whole.find_first_not_of('0'), out.whole.size()));
    out.fraction = text.substr(std::min(point + 1, text.size()));
    if (!out.whole.empty()) {
        out.weight = static_cast<int>(out.whole.size() - 1) / kGroup;
        out.first = group_at(out.whole, 0,
                             out.whole.size() - static_cast<std::size_t>(out.weight * kGroup));
        return out;
    }
    for (std::size_t begin = 0; begin < out.fraction.size(); begin += kGroup) {
        out.first = group_at(out.fraction, begin, kGroup);
        if (out.first != 0) {
            out.weight = -static_cast<int>(begin / kGroup) - 1;
            break;
        }
    }
    return out;
}

/// select_div_scale() of numeric.c.
int quotient_scale(const Number& a, const Number& b) {
    const int weight = a.weight - b.weight - (a.first <= b.first ? 1 : 0);
    return std::max({kLeastDigits - weight * kGroup, a.scale(), b.scale(), 0});
}

/// One more in the last of these digits.
void increment(std::string& digits, std::size_t begin) {
    std::size_t at = digits.size();
    while (at > begin && digits[at - 1] == '9') {
        digits[--at] = '0';
    }
    if (at == begin) {
        digits.insert(begin, 1, '1');
    } else {
        ++digits[at - 1];
    }
}

} // namespace

QuotientError append_quotient(std::string& out, std::string_view a_text, std::string_view b_text,
                              int places) {
    const Number a = parse(a_text);
    const Number b = parse(b_text);
    if (b.first == 0) {
        return QuotientError::division_by_zero;
    }
    if (b.whole.size() + b.fraction.size() > kMostDigits) {
        return QuotientError::too_many_digits;
    }
    Wide divisor = 0;
    for (const std::string_view part : {b.whole, b.fraction}) {
        for (const char digit : part) {
            divisor = divisor * 10 + static_cast<unsigned>(digit - '0');
        }
    }
    const std::size_t sign = out.size();
    out += '-';
    const std::size_t begin = out.size();
    const int scale = quotient_scale(a, b);
    Wide rest = 0;
    const auto divide = [&](char digit) {
        rest = rest * 10 + static_cast<unsigned>(digit - '0');
        const auto next = static_cast<char>('0' + static_cast<int>(rest / divisor));
        rest %= divisor;
        if (next != '0' || out.size() > begin) {
            out += next;
        }
    };
    std::for_each(a.whole.begin(), a.whole.end(), divide);
    std::for_each(a.fraction.begin(), a.fraction.end(), divide);
    for (int i = scale + b.scale() - a.scale(); i > 0; --i) {
        divide('0');
    }
    if (rest * 2 >= divisor) {
        increment(out, begin);
    }
    if (places < scale) {
        const auto cut = static_cast<std::size_t>(scale - places);
        if (out.size() - begin < cut) {
            out.insert(begin, cut - (out.size() - begin), '0');
        }
        const bool up = out[out.size() - cut] >= '5';
        out.resize(out.size() - cut);
        if (up) {
            increment(out, begin);
        }
    } else {
        out.append(static_cast<std::size_t>(places - scale), '0');
    }
    const std::size_t least = static_cast<std::size_t>(places) + 1;
    if (out.size() - begin < least) {
        out.insert(begin, least - (out.size() - begin), '0');
    }
    const bool zero = out.find_first_not_of('0', begin) == std::string::npos;
    if (places > 0) {
        out.insert(out.size() - static_cast<std::size_t>(places), 1, '.');
    }
    if (zero || a.negative == b.negative) {
        out.erase(sign, 1);
    }
    return QuotientError::none;
}

} // namespace cdc::duckdb
