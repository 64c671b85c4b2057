#ifndef CDC_VIEWS_EXACT_RULES_HPP
#define CDC_VIEWS_EXACT_RULES_HPP

#include "views/constant_texts.hpp"
#include "views/exact.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::views {

/// The rules of make_exact(), a function for each kind of expression: it is rewritten where it
/// stands, its operands are exact already.
class Exact {
public:
    Exact(const Json& node, const std::vector<Relation>& relations, const Engine& engine,
          bool bound);

    std::vector<std::string> of_query(Json& node);
    void of_expressions(Json& node);
    std::vector<NumberTraits> traits_of_query(const Json& query);

private:
    using Rule = void (Exact::*)(Json&);
    struct Named {
        std::string_view name;
        Rule rule;
    };

    std::vector<std::string> of_select(Json& node);
    void of_from(Json& node);
    void of_rows(Json& rows);
    void of_subquery(Json& node);
    void of_expression(Json& node);

    void apply_rule(Json& node);
    void arithmetic(Json& node);
    bool keep_in_calendar(Json& node);
    void keep_unknown_in_calendar(Json& node);
    void take_as_integer(Json& node, const Json& other);
    void take_as_signed(Json& children);
    void division(Json& node);
    /// A quotient of numerics directly in round() or in a cast to numeric(p,s), which say its
    /// scale. False: `inner`, whose operands are exact, is none. `node` is the whole.
    bool scaled_quotient(Json& node, Json& inner);
    void modulo(Json& node);
    void rounding(Json& node);
    void concatenation(Json& node);
    void concat(Json& node);
    void upper(Json& node);
    void chr(Json& node);
    void check_flag_cast(const Json& node, const std::string& from, const std::string& to) const;
    void trim(Json& node);
    void string_agg(Json& node);
    void date_part(Json& node);
    void sum(Json& node);
    void average(Json& node);
    void comparison(Json& node);
    void cast(Json& node);
    static void constant(const Json& node);
    void choice(Json& node);
    void greatest(Json& node);
    void nullif(Json& node);
    void default_value(Json& node);

    /// Operands that are compared, all of them.
    void compare(const std::vector<Json*>& operands, bool of_list = false);
    /// The left side of IN or ANY, and the type of the column of its subquery.
    void compare_with_column(Json& left, const std::string& right);
    /// Operands of which one is the result.
    void unify(const std::vector<Json*>& operands);
    /// The type of a column of a set operation, by those of its branches.
    std::string unified(const Json& node, const std::string& left, const std::string& right);
    /// The same where no names are resolved.
    void check_branches(const Json& node);
    /// Whether one of them is a float and not all are of one type. They are numbers then.
    bool are_mixed(const std::vector<Json*>& operands, std::vector<std::string>& types);
    /// Reads text constants among operands that become one type.
    void read_constants(const std::vector<Json*>& operands);
    void check_unknown(const std::vector<Json*>& operands) const;
    void read_operands(Json& node);
    /// A column of a set operation, `other` of its other branch. Changes `type` with it.
    void read_item(Json& item, std::string& type, const std::string& other);
    /// The constant of a cast.
    void cast_constant(Json& node);
    void read_constant(Json& node, const std::string& type);
    void read_interval(const Json& node);
    /// Casts decimals whose common type would lose digits.
    void widen(const std::vector<Json*>& operands);
    std::string type_of(const Json& node, std::string_view construct);
    /// See NumberTraits.
    bool mixes_scales(const Json& node);
    bool is_numeric(const Json& node);
    NumberTraits traits_of_column(const Json& reference) const;
    NumberTraits traits_of_subquery(const Json& node);
    /// round() and trunc() to more places than a number has: PostgreSQL's has them.
    void fill_places(Json& node, const std::string& type);
    Json to_double(Json child);
    Json to_text(Json child, bool flags);
    Json to_text_of_unknown(const Json& child) const;

    const std::vector<Relation>& m_relations;
    Types m_types;
    std::map<std::pair<std::string, std::string>, NumberTraits> m_traits; ///< by alias and column
    std::vector<IntervalValue> m_intervals; ///< the constants of the view so far
    bool m_bound;                           ///< names are resolved
    bool m_floats;                          ///< the view reads a float, or makes one
    bool m_wide;     ///< no names are resolved, and decimals may need more than 38 digits
    bool m_decimals; ///< no names are resolved, and the view reads decimals
    bool m_bytes;    ///< no names are resolved, and the view reads bytes
    bool m_unsigned; ///< no names are resolved, and the view reads unsigned integers
    bool m_moments;  ///< no names are resolved, and the view reads, or makes, dates or times
};

bool is_null_constant(const Json& node);

/// The same aggregate or window of another function.
Json make_beside(const Json& call, const char* name, Json child);

/// The division or average directly in round() or in a cast to numeric; nullptr: there is none.
Json* quotient_in(Json& node);

} // namespace cdc::views

#endif
