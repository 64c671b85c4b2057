#ifndef CDC_EVENT_LINE_DECODER_HPP
#define CDC_EVENT_LINE_DECODER_HPP

#include "event/order.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

enum class LineKind {
    change,
    table,
    facts,
    mark,
    snapshot,
    transaction,
    checkpoint,
    tombstone,
    dead_letter
};

/// A member of an object: both views lie in the line.
struct Field {
    std::string_view name;  ///< between the quotes, escapes and all
    std::string_view value; ///< the JSON text
};

/// A row image, or a key: `raw` is its JSON text ("null" for none), `fields` its members in order.
struct Image {
    std::string_view raw;
    std::vector<Field> fields;
    bool is_null() const { return raw == "null"; }
    bool is_missing() const { return raw.empty(); }
};

/// What every reader needs of `source`; views lie in the line or in the decoder.
struct Source {
    std::string_view raw; ///< the JSON text of the whole member
    std::string connector;
    std::string db;
    std::string schema;
    std::string table;
    Order order;
    std::int64_t ts_ms = 0; ///< commit time
    std::vector<std::string_view>
        gone; ///< columns that could not be read any more (names, escaped)
};

/// One line, taken apart. Valid until the next decode() and as long as the line's bytes live.
struct DecodedLine {
    LineKind kind{};
    std::string_view raw;     ///< the line
    std::string_view payload; ///< JSON text of the first member's value
    Source source;            ///< change, table, facts, mark, snapshot

    // Changes only.
    char op = 0; ///< c u d r t m
    Image key;
    Image before;
    Image after;
    std::string_view key_before;             ///< JSON text; empty when absent
    std::string_view key_after;              ///< JSON text; empty when absent
    std::vector<std::string_view> unchanged; ///< names, escaped
    std::int64_t ts_ms = 0;
};

/// Lines of cdc-event(5) to parts. Keeps its memory from line to line: no allocation per line once
/// the vectors have grown.
class LineDecoder {
public:
    /// `line` without '\n'. Throws Error (bad_data) that names the place: the caller adds the line
    /// number. What is not UTF-8, not JSON, or of an unknown kind is refused; unknown members pass.
    const DecodedLine& decode(std::string_view line);

private:
    void forget_last_line();
    void decode_change(class JsonCursor& cursor);
    void decode_source(std::string_view text);
    void decode_image(class JsonCursor& cursor, Image& image, const char* what);

    DecodedLine m_line;
    std::string m_scratch;
};

/// The text that a JSON string value (with its quotes) means. Throws Error (bad_data).
std::string json_string_value(std::string_view value);

} // namespace cdc::event

#endif
