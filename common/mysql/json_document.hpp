#ifndef CDC_MYSQL_JSON_DOCUMENT_HPP
#define CDC_MYSQL_JSON_DOCUMENT_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// A JSON document taken apart, for the changes of a partial update.
struct JsonDocument {
    enum class Kind : std::uint8_t { scalar, object, array } kind = Kind::scalar;
    struct Element;
    std::string scalar;            ///< its JSON text
    std::vector<Element> elements; ///< of an object sorted by length of the key, then its bytes

    /// Appends it as the server writes it.
    void append_text(std::string& out) const;
};

struct JsonDocument::Element {
    std::string key; ///< in objects
    JsonDocument value;
};

/// The binary form; json_binary.hpp. Throws Error (bad_data).
JsonDocument parse_json_document(std::string_view document);

} // namespace cdc::mysql

#endif
