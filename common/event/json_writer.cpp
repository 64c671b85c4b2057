#include "event/json_writer.hpp"

#include "base/numbers.hpp"
#include "event/json_scan.hpp"

namespace cdc::event {

namespace {

constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;

void append_escape(std::string& out, char c) {
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\b':
        out += "\\b";
        return;
    case '\f':
        out += "\\f";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    default:
        out += "\\u";
        base::append_hex(out, static_cast<unsigned char>(c), 4);
    }
}

} // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    while (true) {
        const char* const end = text.data() + text.size();
        const auto plain =
            static_cast<std::size_t>(find_json_special(text.data(), end) - text.data());
        out.append(text.data(), plain);
        if (plain == text.size()) {
            return;
        }
        append_escape(out, text[plain]);
        text.remove_prefix(plain + 1);
    }
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_json_escaped(out, text);
    out += '"';
}

void append_json_integer(std::string& out, std::int64_t value) {
    const bool exact = value >= -kMaxExact && value <= kMaxExact;
    if (!exact) {
        out += '"';
    }
    base::append_integer(out, value);
    if (!exact) {
        out += '"';
    }
}

void append_json_integer(std::string& out, std::uint64_t value) {
    const bool exact = value <= static_cast<std::uint64_t>(kMaxExact);
    if (!exact) {
        out += '"';
    }
    base::append_integer(out, value);
    if (!exact) {
        out += '"';
    }
}

void append_json_integer_text(std::string& out, std::string_view digits) {
    constexpr std::string_view kMaxText = "9007199254740992";
    const std::string_view magnitude = digits.substr(!digits.empty() && digits[0] == '-' ? 1 : 0);
    const bool exact = magnitude.size() < kMaxText.size() ||
                       (magnitude.size() == kMaxText.size() && magnitude <= kMaxText);
    if (exact) {
        out += digits;
    } else {
        out += '"';
        out += digits;
        out += '"';
    }
}

void append_json_float_text(std::string& out, std::string_view text) {
    // Only "NaN", "Infinity" and "-Infinity" end in a letter.
    const bool finite = !text.empty() && text.back() >= '0' && text.back() <= '9';
    if (finite) {
        out += text;
    } else {
        append_json_string(out, text);
    }
}

} // namespace cdc::event
