#ifndef CDC_EVENT_LINE_PREDICTOR_HPP
#define CDC_EVENT_LINE_PREDICTOR_HPP

#include "event/line_decoder.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::event {

/// Takes change lines apart faster than LineDecoder, with the same result: lines of one table and
/// one op are alike but for their values, so that everything between the values is compared as
/// bytes with an earlier line, and only values are scanned. A line that is not like one of the last
/// few, or has a value that is not scanned here, goes to LineDecoder.
class LinePredictor {
public:
    /// Bytes behind the line that must be readable (io::LineReader::kPadding).
    static constexpr std::size_t kPadding = 64;

    /// As LineDecoder::decode(). The result is valid until the next decode() and as long as the
    /// line's bytes live.
    const DecodedLine& decode(std::string_view line);

    /// Bytes of the lines that are kept to compare with.
    std::size_t kept_bytes() const;

private:
    struct Pattern;
    bool match(Pattern& pattern, std::string_view line);
    void learn(std::string_view line);

    static constexpr std::size_t kPatterns = 8;
    static constexpr std::size_t kLongPattern = 4096; ///< kept without its values
    static constexpr std::size_t kLongestPattern = std::size_t{1} << 20; ///< not kept at all

    LineDecoder m_decoder;
    std::vector<std::shared_ptr<Pattern>> m_patterns; ///< the last one used is first
    std::size_t m_misses = 0;
};

} // namespace cdc::event

#endif
