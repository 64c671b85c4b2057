#ifndef CDC_VIEWS_VIEW_TOKENS_HPP
#define CDC_VIEWS_VIEW_TOKENS_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace cdc::views {

/// A token of a view file. `text` of a name is folded to lower case unless it was quoted; of a
/// string it is the content.
struct Token {
    enum class Kind { word, quoted, string, symbol, end };

    Kind kind = Kind::end;
    std::string text;
    std::size_t start = 0; ///< byte offset
    std::size_t line = 1;

    bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
    bool is(char symbol) const { return kind == Kind::symbol && text[0] == symbol; }
    std::string shown() const; ///< for messages
};

/// Reads a view file token by token, one ahead. Every failure is Refused with the token's line.
class TokenReader {
public:
    /// Both must outlive the reader.
    TokenReader(std::string_view text, const std::string& file);

    const Token& peek() const { return m_next; }
    Token take();
    void expect(char symbol, const char* advice);
    void expect_word(std::string_view word, const char* advice);
    std::string expect_name(const char* what, const char* advice);
    /// The text from the next token to the semicolon that ends the statement, without blanks at its
    /// end. Words are folded to lower case, as names are. Strings, quoted names, dollar quotes and
    /// comments in it may hold semicolons.
    std::string take_statement();
    [[noreturn]] void fail(const Token& at, const std::string& construct,
                           const std::string& advice) const;

private:
    void skip_blanks();
    void skip_block_comment();
    void read_next();
    void read_word();
    void read_quoted(char quote, bool escapes = false);
    bool at_dollar_quote() const;
    void read_dollar_quoted();
    char at(std::size_t offset) const;
    void step(std::size_t bytes);

    std::string_view m_text;
    const std::string& m_file;
    std::size_t m_position = 0; ///< behind m_next
    std::size_t m_line = 1;
    Token m_next;
};

} // namespace cdc::views

#endif
