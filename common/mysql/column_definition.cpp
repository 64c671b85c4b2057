#include "mysql/column_definition.hpp"

#include "base/numbers.hpp"
#include "event/json_writer.hpp"
#include "event/type_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cdc::mysql {

namespace {

using Constant = ColumnDefinition::Constant;

struct IntegerType {
    std::string_view word;
    std::string_view name;
    int bits;
};
constexpr std::array kIntegers{
    IntegerType{"TINYINT", "tinyint", 8},      IntegerType{"BOOL", "tinyint", 8},
    IntegerType{"BOOLEAN", "tinyint", 8},      IntegerType{"SMALLINT", "smallint", 16},
    IntegerType{"MEDIUMINT", "mediumint", 24}, IntegerType{"INT", "int", 32},
    IntegerType{"INTEGER", "int", 32},         IntegerType{"BIGINT", "bigint", 64},
};

class DefinitionReader {
public:
    DefinitionReader(const std::vector<const Token*>& clause, std::size_t at)
        : m_clause{&clause}, m_at{at} {}

    std::optional<ColumnDefinition> read() {
        if (at_end() || !(*m_clause)[m_at]->is_name()) {
            return std::nullopt;
        }
        m_out.name = (*m_clause)[m_at++]->text;
        if (!type() || !attributes()) {
            return std::nullopt;
        }
        return std::move(m_out);
    }

private:
    bool at_end() const { return m_at >= m_clause->size(); }
    bool is(std::string_view word) const { return !at_end() && (*m_clause)[m_at]->is(word); }
    bool is(Token::Kind kind) const { return !at_end() && (*m_clause)[m_at]->kind == kind; }
    bool take(std::string_view word) {
        const bool found = is(word);
        m_at += found ? 1 : 0;
        return found;
    }
    bool take_text(Token::Kind kind, std::string& out) {
        const bool found = is(kind);
        if (found) {
            out = (*m_clause)[m_at++]->text;
        }
        return found;
    }

    /// (n) or (n,m); false: something else stands there.
    bool sizes(std::vector<std::string>& out) {
        if (!take("(")) {
            return true;
        }
        do {
            std::string digits;
            if (!take_text(Token::Kind::number, digits)) {
                return false;
            }
            out.push_back(std::move(digits));
        } while (take(","));
        return take(")");
    }

    void sign() {
        bool is_unsigned = false;
        while (is("UNSIGNED") || is("ZEROFILL") || is("SIGNED")) {
            is_unsigned = is_unsigned || !is("SIGNED");
            ++m_at;
        }
        m_out.type += is_unsigned ? " unsigned" : "";
    }

    bool labels(std::string_view name) {
        m_out.type = name;
        if (!take("(")) {
            return false;
        }
        do {
            std::string label;
            if (!take_text(Token::Kind::string, label)) {
                return false;
            }
            m_out.labels.push_back(std::move(label));
        } while (take(","));
        return take(")");
    }

    bool type() {
        std::vector<std::string> digits;
        for (const IntegerType& each : kIntegers) {
            if (take(each.word)) {
                m_out.type = each.name;
                const bool understood = sizes(digits) && digits.size() <= 1;
                sign();
                return understood;
            }
        }
        if (take("DECIMAL") || take("NUMERIC")) {
            if (!sizes(digits) || digits.size() > 2) {
                return false;
            }
            m_out.type = fmt::format("decimal({},{})", digits.empty() ? "10" : digits[0],
                                     digits.size() < 2 ? "0" : digits[1]);
            sign();
            return true;
        }
        for (const auto& [word, name] : {std::pair{"VARCHAR", "varchar"}, {"CHAR", "char"}}) {
            if (take(word)) {
                const bool understood = sizes(digits) && digits.size() <= 1;
                m_out.type = fmt::format("{}({})", name, digits.empty() ? "1" : digits[0]);
                return understood && !(digits.empty() && m_out.type[0] == 'v');
            }
        }
        for (const auto& [word, name] : {std::pair{"TINYTEXT", "tinytext"},
                                         {"TEXT", "text"},
                                         {"MEDIUMTEXT", "mediumtext"},
                                         {"LONGTEXT", "longtext"},
                                         {"DATE", "date"}}) {
            if (take(word)) {
                m_out.type = name;
                return !is("("); // TEXT(n) takes a type by its size
            }
        }
        if (take("DATETIME")) {
            const bool understood = sizes(digits) && digits.size() <= 1;
            const bool plain = digits.empty() || digits[0] == "0";
            m_out.type = plain ? "datetime" : fmt::format("datetime({})", digits[0]);
            return understood;
        }
        return take("ENUM") ? labels("enum") : take("SET") && labels("set");
    }

    bool default_value() {
        std::string minus = is("-") ? "-" : "";
        if (take("NULL")) {
            m_out.kind = Constant::null;
            return true;
        }
        if (take_text(Token::Kind::string, m_out.constant)) {
            m_out.kind = Constant::string;
            return true;
        }
        m_out.kind = Constant::number;
        if (take("TRUE") || take("FALSE")) {
            m_out.constant = (*m_clause)[m_at - 1]->is("TRUE") ? "1" : "0";
            return true;
        }
        if (!take("-")) {
            take("+");
        }
        std::string whole;
        std::string part;
        const bool has_whole = take_text(Token::Kind::number, whole);
        const bool has_part = take(".") && take_text(Token::Kind::number, part);
        m_out.constant = minus + (has_whole ? whole : "0") + (has_part ? "." + part : "");
        return has_whole || has_part;
    }

    bool attributes() {
        while (!at_end()) {
            std::string ignored;
            if (take("NOT")) {
                m_out.not_null = true;
                if (!take("NULL")) {
                    return false;
                }
            } else if (take("DEFAULT")) {
                if (!default_value()) {
                    return false;
                }
            } else if (take("COMMENT")) {
                if (!take_text(Token::Kind::string, ignored)) {
                    return false;
                }
            } else if (take("AFTER")) {
                ++m_at;
            } else if (take("NULL")) {
                m_out.not_null = false; // of NOT NULL NULL the last counts
            } else if (!take("FIRST") && !take("VISIBLE") && !take("INVISIBLE")) {
                return false;
            }
        }
        return true;
    }

    const std::vector<const Token*>* m_clause;
    std::size_t m_at;
    ColumnDefinition m_out;
};

bool is_plain_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c < '\x7f' && c != '\\' && c != '\'' && c != '"';
    });
}

std::string quoted_text(std::string_view text) {
    std::string out;
    event::append_json_string(out, text);
    return out;
}

std::optional<std::string> integer_value(std::string_view digits, int bits, bool is_unsigned) {
    const bool minus = digits.starts_with('-');
    const auto number = base::parse_integer<std::uint64_t>(digits.substr(minus ? 1 : 0));
    if (!number) {
        return std::nullopt;
    }
    const std::uint64_t half = std::uint64_t{1} << (bits - 1);
    const std::uint64_t most =
        minus ? (is_unsigned ? 0 : half) : (is_unsigned ? half - 1 + half : half - 1);
    if (*number > most) {
        return std::nullopt;
    }
    std::string out;
    event::append_json_integer_text(out,
                                    fmt::format("{}{}", minus && *number != 0 ? "-" : "", *number));
    return out;
}

/// "1.5" as decimal(10,2): "1.50". More digits than the type has are rounded by the server.
std::optional<std::string> decimal_value(std::string_view text, const event::TypeName& type,
                                         bool is_unsigned) {
    const bool minus = text.starts_with('-');
    text.remove_prefix(minus ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    std::string_view whole = text.substr(0, point);
    std::string part{point < text.size() ? text.substr(point + 1) : ""};
    const auto is_digit = [](char c) {
        return c >= '0' && c <= '9';
    };
    while (whole.size() > 1 && whole[0] == '0') {
        whole.remove_prefix(1);
    }
    const bool zero = (whole == "0" || whole.empty()) &&
                      std::all_of(part.begin(), part.end(), [](char c) { return c == '0'; });
    if (!std::all_of(whole.begin(), whole.end(), is_digit) ||
        !std::all_of(part.begin(), part.end(), is_digit) || (whole.empty() && part.empty()) ||
        static_cast<int>(part.size()) > type.second || (minus && is_unsigned && !zero) ||
        (whole != "0" && static_cast<int>(whole.size()) > type.first - type.second)) {
        return std::nullopt;
    }
    part.resize(static_cast<std::size_t>(type.second), '0');
    return quoted_text(fmt::format("{}{}{}{}", minus && !zero ? "-" : "",
                                   whole.empty() ? "0" : whole, part.empty() ? "" : ".", part));
}

/// "2025-07-21", or with " 10:00:00" behind it, as the server writes it; a day that no calendar has
/// stays with the server.
std::optional<std::string> time_value(std::string_view text, bool has_time) {
    constexpr std::string_view kForm = "0000-00-00 00:00:00";
    const bool formed = text.size() == (has_time ? kForm.size() : kForm.find(' ')) &&
                        std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
                            return form == '0' ? c >= '0' && c <= '9' : c == form;
                        });
    if (!formed) {
        return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t size) {
        return base::parse_integer<int>(text.substr(at, size)).value_or(99);
    };
    const bool known =
        number(0, 4) >= 1000 && number(5, 2) >= 1 && number(5, 2) <= 12 && number(8, 2) >= 1 &&
        number(8, 2) <= 28 &&
        (!has_time || (number(11, 2) <= 23 && number(14, 2) <= 59 && number(17, 2) <= 59));
    std::string out{text};
    if (has_time) {
        out[kForm.find(' ')] = 'T';
    }
    return known ? std::optional{quoted_text(out)} : std::nullopt;
}

} // namespace

std::optional<ColumnDefinition> read_definition(const std::vector<const Token*>& clause,
                                                std::size_t at) {
    return DefinitionReader{clause, at}.read();
}

std::optional<std::string> value_of_old_rows(const ColumnDefinition& definition) {
    if (definition.kind == Constant::null || definition.kind == Constant::none) {
        if (!definition.not_null) {
            return "null";
        }
        if (definition.kind == Constant::null) {
            return std::nullopt;
        }
    }
    // What NOT NULL without a default gives is that of the type: 0, '', the first label.
    const bool implicit = definition.kind == Constant::none;
    const bool is_string = definition.kind == Constant::string;
    const std::string_view constant = definition.constant;
    event::TypeName type = event::take_apart(definition.type);
    const bool is_unsigned = event::take_unsigned(type);
    const auto integer =
        std::find_if(kIntegers.begin(), kIntegers.end(),
                     [&](const IntegerType& each) { return each.name == type.name; });
    if (integer != kIntegers.end()) {
        return integer_value(implicit ? "0" : constant, integer->bits, is_unsigned);
    }
    if (type.name == "decimal") {
        return decimal_value(implicit ? "0" : constant, type, is_unsigned);
    }
    if (type.name == "varchar" || type.name == "char") {
        const bool fits = is_string && is_plain_text(constant) &&
                          constant.size() <= static_cast<std::size_t>(type.first) &&
                          !constant.ends_with(' ');
        return implicit || fits ? std::optional{quoted_text(constant)} : std::nullopt;
    }
    if (type.name.ends_with("text")) {
        constexpr std::size_t kFitsAll = 255;
        const bool fits = is_string && is_plain_text(constant) && constant.size() <= kFitsAll;
        return implicit || fits ? std::optional{quoted_text(constant)} : std::nullopt;
    }
    if (definition.type == "date" || definition.type == "datetime") {
        return is_string ? time_value(constant, definition.type == "datetime") : std::nullopt;
    }
    if (type.name == "enum") {
        const auto& labels = definition.labels;
        if (implicit) {
            return labels.empty() || !is_plain_text(labels[0])
                       ? std::nullopt
                       : std::optional{quoted_text(labels[0])};
        }
        const bool known = is_string && is_plain_text(constant) &&
                           std::find(labels.begin(), labels.end(), constant) != labels.end();
        return known ? std::optional{quoted_text(constant)} : std::nullopt;
    }
    return std::nullopt;
}

} // namespace cdc::mysql
