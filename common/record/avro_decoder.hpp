#ifndef CDC_RECORD_AVRO_DECODER_HPP
#define CDC_RECORD_AVRO_DECODER_HPP

#include "record/avro_schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

/// Avro's binary form to JSON, by the schema that it was written with: the opposite of AvroEncoder.
/// A decoder is fast for messages of one schema: what the last one had, too, is not decoded again.
class AvroDecoder {
public:
    /// Appends the JSON. Throws Error (bad_data), with `out` as it was, for bytes that are no such
    /// value: too short, too long, texts that are not UTF-8.
    void append(std::string& out, const AvroSchema& schema, std::string_view bytes);

private:
    class Reader;
    void append_value(std::string& out, const AvroType& type, Reader& reader, int depth);
    void append_record(std::string& out, const AvroType& type, Reader& reader, int depth);
    void append_beside(std::string& out, const AvroType& type, Reader& reader, int depth);
    void append_member(std::string& out, const AvroField& field, Reader& reader, int depth);
    void append_elements(std::string& out, const AvroType& type, Reader& reader, int depth);
    static void append_integer_value(std::string& out, const AvroType& type, Reader& reader);
    static void append_bytes_value(std::string& out, const AvroType& type, std::string_view bytes);
    void keep_columns(const AvroField& field, Reader& reader, int depth);
    void leave_columns(std::string& out, std::size_t start, std::size_t end,
                       const std::string& columns);

    /// The fields of the last record of a type, one behind the other.
    struct Last {
        struct End {
            std::size_t bytes; ///< behind the field in `bytes`
            std::size_t json;  ///< and in `json`
        };
        std::string bytes;
        std::string json; ///< of each field `,"name":value`; of one that is absent nothing
        std::vector<End> ends;
        int depth = 0;
    };
    void keep(Last& last, std::size_t field, std::string_view bytes, std::string_view json);

    std::vector<Last> m_last;   ///< by AvroType::beside
    std::uint64_t m_serial = 0; ///< of the schema that they belong to
    bool m_in_beside = false;
    const AvroType* m_root = nullptr;
    std::string m_before_columns; ///< JSON array of names; empty: all
    std::string m_after_columns;
    std::string m_scratch;
};

} // namespace cdc::record

#endif
