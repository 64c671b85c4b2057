#include "views/exact.hpp"

#include "base/error.hpp"
#include "views/refused.hpp"
#include "views/view_tokens.hpp"

#include <utility>

namespace cdc::views {

namespace {

/// CHAR alone is char(1).
bool is_padded_type(const Token& token) {
    return token.is_word("char") || token.is_word("character") || token.is_word("nchar") ||
           token.is_word("bpchar");
}

bool is_digit(const Token& token) {
    return token.kind == Token::Kind::symbol && token.text[0] >= '0' && token.text[0] <= '9';
}

/// 1_000, 0x1f, 1and; not 1e3, nor the e of 1e-3.
bool is_junk_behind(const Token& number, const Token& token) {
    return is_digit(number) && token.kind == Token::Kind::word && token.start == number.start + 1 &&
           (token.text[0] != 'e' ||
            token.text.find_first_not_of("0123456789", 1) != std::string::npos);
}

} // namespace

/// A type stands behind `::`, behind AS in CAST( … ), or before a string.
void check_text_casts(const View& view) {
    TokenReader reader{view.select, view.file};
    Token before;
    Token last;
    while (reader.peek().kind != Token::Kind::end) {
        const Token token = reader.take();
        const bool behind_colons = last.is(':') && before.is(':');
        const bool behind_as = last.is_word("as");
        const Token& next = reader.peek();
        if (is_junk_behind(last, token)) {
            throw Problem{fmt::format("{} behind a number's digits", base::in_quotes(token.text)),
                          "PostgreSQL has no such number: write its digits alone", token.start};
        }
        if ((token.is_word("b") || token.is_word("x")) && next.kind == Token::Kind::string &&
            next.start == token.start + 1) {
            throw Problem{"a bit string", "the engine has none: write a number or bytes",
                          token.start};
        }
        before = std::move(last);
        last = token;
        if ((!behind_colons && !behind_as) ||
            !(is_padded_type(token) || token.is_word("varchar"))) {
            continue;
        }
        const bool varying = reader.peek().is_word("varying");
        if (varying) {
            before = std::move(last);
            last = reader.take();
        }
        if (reader.peek().is('(')) {
            throw Problem{
                fmt::format("a cast to {}(n)", varying ? token.text + " varying" : token.text),
                "the engine neither cuts nor pads: write left(x, n) or rpad(x, n)", token.start};
        }
        if (is_padded_type(token) && !varying && (behind_colons || reader.peek().is(')'))) {
            throw Problem{fmt::format("a cast to {}", token.text),
                          "the engine neither cuts nor pads: write left(x, 1)", token.start};
        }
    }
}

} // namespace cdc::views
