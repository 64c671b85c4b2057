#ifndef CDC_RECORD_AVRO_PATTERN_HPP
#define CDC_RECORD_AVRO_PATTERN_HPP

#include "record/avro_schema.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::record {

/// One form of a record's JSON, and its Avro bytes: constant bytes of both with values between
/// them. Records of one table are alike but for their values, so that what stands between the
/// values is compared and copied as a whole. It is learnt from a record that is encoded: each value
/// from left to right, then the constants.
class AvroPattern {
public:
    /// Constant bytes, then a value.
    struct Part {
        const AvroField* field = nullptr; ///< nullptr: the value is the schema's root
        const AvroType* type = nullptr;   ///< of the value
        std::size_t json_begin = 0;       ///< of the constant, in json()
        std::size_t json_size = 0;
        std::size_t avro_begin = 0; ///< of the constant, in avro()
        std::size_t avro_size = 0;
    };
    /// Where a value stands in the record.
    struct Place {
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    explicit AvroPattern(const AvroType& root) : m_root{&root} {}

    const AvroType& root() const { return *m_root; }
    const std::vector<Part>& parts() const { return m_parts; }
    /// The constants one behind the other, those behind the last value too.
    const std::string& json() const { return m_json; }
    const std::string& avro() const { return m_avro; }
    std::string_view json_tail() const { return std::string_view{m_json}.substr(m_json_tail); }
    std::string_view avro_tail() const { return std::string_view{m_avro}.substr(m_avro_tail); }

    void learn_value(const AvroField* field, const AvroType& type, Place json, Place avro);
    void learn_constants(std::string_view json, std::string_view avro);

private:
    struct Gap {
        Place json;
        Place avro;
    };

    const AvroType* m_root;
    std::vector<Part> m_parts;
    std::vector<Gap> m_gaps; ///< of the values; only while learning
    std::string m_json;
    std::string m_avro;
    std::size_t m_json_tail = 0;
    std::size_t m_avro_tail = 0;
};

/// Encodes the value of `type` that starts at `at` and ends before `end`, where it is one of those
/// that most rows are made of: null, a short integer, a text. Gives where it ends; nullptr: it is
/// none of them, and nothing was appended.
const char* append_common_value(std::string& out, const AvroType& type, const char* at,
                                const char* end, std::string& scratch);

} // namespace cdc::record

#endif
