#ifndef CDC_RECORD_AVRO_ENCODER_HPP
#define CDC_RECORD_AVRO_ENCODER_HPP

#include "event/json_cursor.hpp"
#include "record/avro_pattern.hpp"
#include "record/avro_schema.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

/// What becomes of columns that a row image does not have.
enum class AbsentColumns {
    listed,   ///< those that are there are named in `before_columns`, `after_columns` of the root
    debezium, ///< what Debezium has: its placeholder, or null, or the type's zero
};

/// JSON to Avro's binary form, in one pass where members stand in the schema's order. Members that
/// the schema has no place for are left out; a member that is missing is null where it may be. A
/// record that is like one of the last few, but for its values, is encoded as that one was.
class AvroEncoder {
public:
    explicit AvroEncoder(AbsentColumns absent) : m_absent{absent} {}

    /// Appends the value of the schema's root that the JSON means. Throws Error (bad_data), with
    /// the column's name, for a value that the schema has no form for; `out` may then have grown.
    /// The schema must outlive the encoder.
    void append(std::string& out, const AvroSchema& schema, std::string_view json);

private:
    static constexpr std::size_t kPatterns = 8;
    static constexpr std::size_t kLongestPattern = std::size_t{64} << 10; ///< bytes of constants

    enum class Image : std::uint8_t { none, before, after };

    bool append_as_before(std::string& out, std::string_view json);
    bool append_as(std::string& out, const AvroPattern& pattern, std::string_view json);
    void append_anew(std::string& out, std::string_view json);
    void learn(AvroPattern pattern);
    bool is_learnt_value(const AvroType& type) const;
    void append_value(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_form(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_record(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    bool append_members(std::string& out, const AvroType& type, event::JsonCursor& cursor,
                        bool& all);
    void append_unordered(std::string& out, const AvroType& type, event::JsonCursor cursor);
    void append_field(std::string& out, const AvroType& type, std::size_t index,
                      event::JsonCursor& cursor);
    void append_absent(std::string& out, const AvroType& type, std::size_t index);
    void append_missing_value(std::string& out, const AvroField& field);
    void append_elements(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_integer_value(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_float_value(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_bytes_value(std::string& out, const AvroType& type, event::JsonCursor& cursor);
    void append_text(std::string& out, std::string_view inside);
    [[noreturn]] void no_form(std::string_view json, const char* type) const;
    void note_columns(event::JsonCursor cursor);
    std::string& columns_of(Image image) {
        return image == Image::before ? m_before_columns : m_after_columns;
    }

    AbsentColumns m_absent;
    const AvroType* m_root = nullptr;
    const AvroField* m_field = nullptr; ///< for messages
    Image m_image = Image::none;
    std::string m_before_columns; ///< as an Avro array; empty: all
    std::string m_after_columns;
    std::string m_scratch;
    std::string m_digits;
    std::vector<AvroPattern> m_patterns; ///< the last one used is first
    AvroPattern* m_learning = nullptr;   ///< what the record that is encoded is kept as
    std::size_t m_learning_from = 0;     ///< where the record begins in `out`
    bool m_in_source = false;
    std::size_t m_misses = 0;
};

void append_avro_long(std::string& out, std::int64_t value);

} // namespace cdc::record

#endif
