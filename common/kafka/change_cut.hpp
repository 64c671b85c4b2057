#ifndef CDC_KAFKA_CHANGE_CUT_HPP
#define CDC_KAFKA_CHANGE_CUT_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::kafka {

/// The parts of a change line that make a Kafka record; all views lie in the line.
struct ChangeCut {
    std::string_view key;    ///< JSON text; "null" for none
    std::string_view rest;   ///< from behind the first member's comma to the line's end: the value
                             ///< is '{' and this
    std::string_view before; ///< JSON text; empty when absent
    std::string_view after;  ///< JSON text; empty when absent
    char op = 0;
    std::string_view source; ///< JSON text of the whole member
    std::string_view db;     ///< JSON text, quotes and all; empty when absent
    std::string_view schema;
    std::string_view table;
    std::string_view connector;
    std::string_view order; ///< 32 hex digits
    std::int64_t ts_ms = 0; ///< commit time
};

/// Whether the first member is "key".
bool is_change(std::string_view line);

/// Cuts a change line (cdc-event(5)) without copying. The whole line is checked to be JSON and
/// UTF-8. Throws Error (bad_data).
void cut_change(std::string_view line, ChangeCut& cut);

/// Cuts the member `source` of a change or a table line: source to ts_ms of `cut`. Throws Error
/// (bad_data).
void cut_source(std::string_view source, ChangeCut& cut);

/// A name of ChangeCut without its quotes and escapes; "" where the source has none.
std::string plain_name(std::string_view json);

/// The order of a change, 32 digits, from its value alone, where that ends as our own lines do:
///
///     …,"order":"000100000000015101f0000000000001"},"op":"c","ts_ms":1763709000123}
///
/// Empty for every other value.
std::string_view own_order(std::string_view value);

/// Puts `{"key":KEY,` in front of a value that begins with '{'; the opposite of cut_change.
/// False, with `out` unchanged, when the value is no object or holds a line break.
bool append_joined(std::string& out, std::string_view key, std::string_view value);

} // namespace cdc::kafka

#endif
