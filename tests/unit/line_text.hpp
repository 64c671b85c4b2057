// What a decoder made of a line, as text, so that LinePredictor can be held against LineDecoder.
#ifndef CDC_TESTS_LINE_TEXT_HPP
#define CDC_TESTS_LINE_TEXT_HPP

#include "base/error.hpp"
#include "event/line_predictor.hpp"

#include <string>
#include <string_view>

namespace cdc::event {

/// A line with the readable bytes behind it that the predictor wants.
class Padded {
public:
    explicit Padded(const std::string& line) : m_bytes{line}, m_size{line.size()} {
        m_bytes += '\n';
        m_bytes.append(LinePredictor::kPadding, '"');
    }
    std::string_view line() const { return {m_bytes.data(), m_size}; }

private:
    std::string m_bytes;
    std::size_t m_size;
};

inline std::string text(const Image& image) {
    std::string out{image.raw};
    for (const Field& field : image.fields) {
        out += '|' + std::string{field.name} + '=' + std::string{field.value};
    }
    return out;
}

inline std::string text(const DecodedLine& line) {
    std::string out = std::string{line.raw} + '\n' + std::string{line.payload} + '\n' + line.op;
    for (const Image* image : {&line.key, &line.before, &line.after}) {
        out += '\n' + text(*image);
    }
    for (const std::string_view name : line.unchanged) {
        out += "\nunchanged " + std::string{name};
    }
    const Source& source = line.source;
    return out + '\n' + std::string{source.raw} + '\n' + source.connector + source.db +
           source.schema + source.table + source.order.text() + std::to_string(source.ts_ms) + '/' +
           std::to_string(line.ts_ms) + std::string{line.key_before} + std::string{line.key_after};
}

/// That text, or the words of the refusal.
template<class Decoder>
std::string verdict(Decoder& decoder, std::string_view line) {
    try {
        return text(decoder.decode(line));
    } catch (const base::Error& error) {
        return error.what();
    }
}

} // namespace cdc::event

#endif
