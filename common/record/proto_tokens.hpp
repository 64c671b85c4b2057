#ifndef CDC_RECORD_PROTO_TOKENS_HPP
#define CDC_RECORD_PROTO_TOKENS_HPP

#include <cstdint>
#include <string_view>

namespace cdc::record {

/// The words, texts in quotes, and single characters of a .proto file; comments and blanks between
/// them are passed over. All that takes throws Error (bad_data).
class ProtoTokens {
public:
    explicit ProtoTokens(std::string_view text) : m_rest{text} { advance(); }

    std::string_view peek() const { return m_token; }
    bool at_end() const { return m_token.empty(); }
    std::string_view take();
    bool accept(std::string_view token);
    void expect(std::string_view token);
    std::string_view take_name();
    std::int64_t take_number();
    /// Without its quotes.
    std::string_view take_text();
    /// Passes over all up to a ';', or a block in braces.
    void skip_statement();
    /// Passes over what stands in brackets, with brackets in it.
    void skip_options();

private:
    void advance();
    void skip_blanks();

    std::string_view m_rest;
    std::string_view m_token;
};

} // namespace cdc::record

#endif
