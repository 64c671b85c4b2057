#ifndef CDC_RECORD_AVRO_DECODER_HPP
#define CDC_RECORD_AVRO_DECODER_HPP

#include "record/avro_schema.hpp"

#include <string>
#include <string_view>

namespace cdc::record {

/// Avro's binary form to JSON, by the schema that it was written with: the opposite of AvroEncoder.
class AvroDecoder {
public:
    /// Appends the JSON. Throws Error (bad_data), with `out` as it was, for bytes that are no such
    /// value: too short, too long, texts that are not UTF-8.
    void append(std::string& out, const AvroSchema& schema, std::string_view bytes);

private:
    class Reader;
    void append_value(std::string& out, const AvroType& type, Reader& reader, int depth);
    void append_record(std::string& out, const AvroType& type, Reader& reader, int depth);
    void append_elements(std::string& out, const AvroType& type, Reader& reader, int depth);
    static void append_integer_value(std::string& out, const AvroType& type, Reader& reader);
    static void append_bytes_value(std::string& out, const AvroType& type, std::string_view bytes);
    void keep_columns(const AvroField& field, Reader& reader, int depth);
    void leave_columns(std::string& out, std::size_t start, std::size_t end,
                       const std::string& columns);

    const AvroType* m_root = nullptr;
    std::string m_before_columns; ///< JSON array of names; empty: all
    std::string m_after_columns;
    std::string m_scratch;
};

} // namespace cdc::record

#endif
