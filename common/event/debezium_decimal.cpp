#include "event/debezium_decimal.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

namespace cdc::event {

namespace {

/// Decimal digits as a two's complement number, the most significant byte first, in base64.
void append_unscaled(std::string& out, bool negative, std::string_view digits) {
    std::vector<std::uint32_t> words; // the least significant first
    while (!digits.empty()) {
        const std::string_view chunk = digits.substr(0, std::min<std::size_t>(digits.size(), 9));
        std::uint64_t carry = *base::parse_integer<std::uint64_t>(chunk);
        std::uint64_t factor = 1;
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            factor *= 10;
        }
        for (std::uint32_t& word : words) {
            carry += word * factor;
            word = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry != 0) {
            words.push_back(static_cast<std::uint32_t>(carry));
        }
        digits.remove_prefix(chunk.size());
    }
    std::string bytes(1, '\0');
    for (auto word = words.rbegin(); word != words.rend(); ++word) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(*word >> shift);
        }
    }
    if (negative) {
        bool carry = true;
        for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
            const auto flipped = static_cast<unsigned char>(~static_cast<unsigned char>(*byte));
            *byte = static_cast<char>(flipped + (carry ? 1 : 0));
            carry = carry && *byte == '\0';
        }
    }
    // Leading bytes that only repeat the sign go.
    const auto is_sign = [&](std::size_t i) {
        const bool next_negative = (bytes[i + 1] & 0x80) != 0;
        return bytes[i] == (next_negative ? '\xff' : '\0');
    };
    std::size_t start = 0;
    while (start + 1 < bytes.size() && is_sign(start)) {
        ++start;
    }
    out += '"';
    base::append_base64(out, std::string_view{bytes}.substr(start));
    out += '"';
}

} // namespace

void append_debezium_decimal(std::string& out, std::string_view text, std::optional<int> scale) {
    std::string_view rest = text;
    const bool negative = rest.substr(0, 1) == "-";
    rest.remove_prefix(negative ? 1 : 0);
    rest.remove_prefix(rest.substr(0, 1) == "$" ? 1 : 0);
    std::string digits;
    std::copy_if(rest.begin(), rest.end(), std::back_inserter(digits),
                 [](char c) { return c != ',' && c != '.'; });
    const std::size_t point = rest.find('.');
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos ||
        (point != std::string_view::npos &&
         rest.find_first_of(".,", point + 1) != std::string_view::npos)) {
        // NaN, an infinity, money of another locale: there is no such number.
        append_json_string(out, text);
        return;
    }
    std::size_t behind = point == std::string_view::npos ? 0 : rest.size() - point - 1;
    const std::size_t wanted = scale ? static_cast<std::size_t>(*scale) : 0;
    for (; behind > wanted && digits.back() == '0'; --behind) {
        digits.pop_back();
    }
    if (scale && behind > wanted) {
        base::fail(base::ExitCode::bad_data,
                   "{} is not a value of type numeric with {} digits behind the point",
                   base::in_quotes(text), wanted);
    }
    if (scale) {
        digits.append(wanted - behind, '0');
    } else {
        out += R"({"scale":)";
        base::append_integer(out, static_cast<std::int64_t>(behind));
        out += R"(,"value":)";
    }
    append_unscaled(out, negative, digits);
    out += scale ? "" : "}";
}

} // namespace cdc::event
