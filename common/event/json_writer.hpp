#ifndef CDC_EVENT_JSON_WRITER_HPP
#define CDC_EVENT_JSON_WRITER_HPP

#include <cstdint>
#include <string>
#include <string_view>

/// Appends JSON to a buffer, nothing more: the caller writes braces, commas and colons.
/// This is the only place that spells values of a line, so that the same value has the same bytes
/// wherever it comes from.
namespace cdc::event {

/// `text` (UTF-8, not checked) as a JSON string with its quotes. Escaped: '"', '\', and bytes below
/// 0x20 (as \b \f \n \r \t or \u00xx); everything else is copied.
void append_json_string(std::string& out, std::string_view text);

/// The same without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

/// A number when it lies within ±2^53, else a string of the same digits.
void append_json_integer(std::string& out, std::int64_t value);
void append_json_integer(std::string& out, std::uint64_t value);

/// The same for the server's decimal text of an integer ("-12"), which is copied and not parsed.
void append_json_integer_text(std::string& out, std::string_view digits);

/// The server's shortest round-trip text of a float: a number when JSON has a form for it, else
/// (NaN, Infinity, -Infinity) a string.
void append_json_float_text(std::string& out, std::string_view text);

} // namespace cdc::event

#endif
