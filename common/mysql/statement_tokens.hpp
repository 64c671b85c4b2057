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

/// What sql_mode says of the quotes in a statement.
struct Quoting {
    bool ansi_quotes = false; ///< "x" is a name
    bool no_backslash_escapes = false;

    static Quoting of_sql_mode(std::uint64_t mode);
};

/// Takes a statement apart. Comments are left out, but what stands in those that the server
/// executes (slash-star-exclamation mark) is not. False: it ends inside a quote or a comment.
bool tokenize(std::string_view text, Quoting quoting, std::vector<Token>& out);

} // namespace cdc::mysql

#endif
