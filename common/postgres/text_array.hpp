#ifndef CDC_POSTGRES_TEXT_ARRAY_HPP
#define CDC_POSTGRES_TEXT_ARRAY_HPP

#include <string>
#include <string_view>

namespace cdc::postgres {

/// The text form of an array of texts, as a parameter: `{"a","b"}`.
class TextArray {
public:
    void add(std::string_view item) {
        m_text += m_text.empty() ? "{\"" : ",\"";
        for (const char c : item) {
            if (c == '"' || c == '\\') {
                m_text += '\\';
            }
            m_text += c;
        }
        m_text += '"';
    }
    std::string text() const { return m_text.empty() ? "{}" : m_text + "}"; }

private:
    std::string m_text;
};

} // namespace cdc::postgres

#endif
