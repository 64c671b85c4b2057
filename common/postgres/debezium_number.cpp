#include "postgres/debezium_number.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "event/json_writer.hpp"
#include "postgres/value.hpp"
#include "postgres/wrong_value.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace cdc::postgres {

void append_debezium_bits(std::string& out, std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char bit = text[text.size() - 1 - i];
        if (bit != '0' && bit != '1') {
            wrong_value("bit varying", text);
        }
        if (bit == '1') {
            bytes.resize(i / 8 + 1, '\0'); // zeros at the end are left out
            bytes.back() = static_cast<char>(bytes.back() | 1 << (i % 8));
        }
    }
    out += '"';
    base::append_base64(out, bytes);
    out += '"';
}

void append_debezium_point(std::string& out, std::string_view text) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos || text.front() != '(' || text.back() != ')') {
        wrong_value("point", text);
    }
    const std::string x{text.substr(1, comma - 1)};
    const std::string y{text.substr(comma + 1, text.size() - comma - 2)};
    std::string wkb{"\x01\x01\x00\x00\x00", 5};
    for (const std::string* part : {&x, &y}) {
        if (!is_real_text(*part)) {
            wrong_value("point", text);
        }
        double number = std::strtod(part->c_str(), nullptr);
        number = std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number;
        char bytes[sizeof(number)];
        std::memcpy(bytes, &number, sizeof(number));
        wkb.append(bytes, sizeof(bytes));
    }
    out += R"({"x":)";
    event::append_json_float_text(out, x);
    out += R"(,"y":)";
    event::append_json_float_text(out, y);
    out += R"(,"wkb":")";
    base::append_base64(out, wkb);
    out += R"(","srid":null})";
}

} // namespace cdc::postgres
