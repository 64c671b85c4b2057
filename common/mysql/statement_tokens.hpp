#ifndef CDC_MYSQL_STATEMENT_TOKENS_HPP
#define CDC_MYSQL_STATEMENT_TOKENS_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

struct Token {
    enum class Kind : std::uint8_t { word, quoted_name, string, number, sign } kind = Kind::word;
    std::string text; ///< without quotes

    /// A word, without regard to case, or a sign.
    bool is(std::string_view what) const;
    bool is_name() const { return kind == Kind::word || kind == Kind::quoted_name; }
};

/// Takes a statement apart. Comments are left out, but what stands in those that the server
/// executes (slash-star-exclamation mark) is not. False: it ends inside a quote or a comment.
bool tokenize(std::string_view text, bool ansi_quotes, std::vector<Token>& out);

} // namespace cdc::mysql

#endif
