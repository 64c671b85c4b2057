#include "event/debezium_decimal.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/decimal_bytes.hpp"
#include "event/json_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace cdc::event {

namespace {

void append_unscaled(std::string& out, bool negative, std::string_view digits) {
    std::string bytes;
    append_twos_complement(bytes, negative, digits);
    out += '"';
    base::append_base64(out, bytes);
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
