#ifndef CDC_VIEWS_BIND_HPP
#define CDC_VIEWS_BIND_HPP

#include "views/tree.hpp"
#include "views/view_file.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cdc::views {

/// By what the source takes texts of a column as equal that differ in their bytes.
struct Collation {
    std::string name; ///< "utf8mb4_0900_ai_ci", "public.citext", "character(5)"; "": there is none
    std::string column;  ///< of which input table, "shop.customers.name"
    bool padded = false; ///< it is the blanks at the end alone that make no difference
    bool labels = false; ///< of an enum: none of its labels equals another
    /// It is no text in the source, but its values are kept as texts here: they compare otherwise,
    /// or texts that differ are the same value for the order alone.
    enum class Kind { text, value, order } kind = Kind::text;

    bool empty() const { return name.empty(); }
};

/// What the engine's type does not tell of a number.
struct NumberTraits {
    bool is_numeric = false;   ///< in PostgreSQL, an integer here: what extract() gives
    bool mixes_scales = false; ///< values have scales of their own, which PostgreSQL's text shows
};

/// A column of a relation.
struct Column {
    std::string name;
    std::string type; ///< DuckDB's name of it; needed only where numbers are rewritten
    Collation collation{};
    NumberTraits traits{};
};

/// A table or another view that a view may read.
struct Relation {
    std::string name; ///< as views name it: `orders`, or `shop.orders` and `input.shop.orders`, of
                      ///< which the last part, or two, may do as well
    std::string stored;           ///< the table in the state that holds its rows
    std::vector<Column> columns;  ///< in order
    std::vector<std::string> key; ///< empty: none
    bool key_has_nulls = false;   ///< of a view: its rows are told apart by NULLs of the key too
    bool one_row = false;         ///< of a view with KEY ()
};

/// The engine's part, so that all else here is pure. Each throws when the engine refuses the text.
struct Engine {
    /// json_serialize_sql(text). An error of the parser may also come as its `"error":true`
    /// document.
    std::function<std::string(const std::string&)> serialise;
    /// json_deserialize_sql(tree)
    std::function<std::string(const std::string&)> deserialise;
    /// The types of a SELECT's columns, as DESCRIBE names them. Empty: expressions stay as they
    /// are.
    std::function<std::vector<std::string>(const std::string&)> describe;
    /// Runs a SELECT of constants. Needed with `describe`.
    std::function<void(const std::string&)> compute{};
};

/// A FROM item at any depth of a bound view.
struct Source {
    std::string relation; ///< stored name; empty for a nested SELECT
    /// Columns that derived queries can follow to columns of tables. The others are computed from
    /// several rows or null-supplied inside a nested SELECT.
    std::map<std::string, bool> traceable;
    bool null_supplied = false; ///< stands on the null-supplied side of an outer join
};

/// A view whose names are resolved. In `node` every FROM item has an alias that is unique in the
/// view, every column is alias.column, CTEs are nested SELECTs, USING is ON, RIGHT is LEFT, stars,
/// aliases and places in GROUP BY are written out, tables have their stored names. A FULL view is
/// kept as it was parsed, only its tables are renamed.
struct BoundView {
    View view;
    Json node;
    std::vector<std::string> columns;      ///< of the output, in order; empty for FULL
    std::map<std::string, Source> sources; ///< by alias; empty for FULL
    std::vector<std::string> reads;        ///< stored names, each once, in order of appearance
    std::map<std::string, Collation> collations; ///< of columns of the output that have one
    std::map<std::string, NumberTraits> traits;  ///< of columns of the output
};

/// Parses and binds; for FULL it does not look at KEY and PARTITION. Throws Refused for what the
/// rules do not cover (reference R10, M2, H4, C4).
BoundView bind_view(const View& view, const std::vector<Relation>& relations, const Engine& engine);

/// Throws Refused for what is wrong in a view whatever its tables are: its syntax, what the
/// language of views has not, constants that cannot be computed.
void check_alone(const View& view, const Engine& engine);

/// The SELECT that computes the whole view.
std::string select_text(const BoundView& view, const Engine& engine);

} // namespace cdc::views

#endif
