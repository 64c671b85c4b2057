#ifndef CDC_VIEWS_EXACT_HPP
#define CDC_VIEWS_EXACT_HPP

#include "views/bind.hpp"

#include <map>
#include <string>
#include <vector>

namespace cdc::views {

/// The types of a view's expressions: those of columns are known, the engine tells what follows
/// from them. Every alias of a bound view is unique, so that one map serves all its SELECTs.
class Types {
public:
    explicit Types(const Engine& engine) : m_engine{engine} {}

    void set_column(const std::string& alias, const std::string& column, const std::string& type) {
        m_columns[alias][column] = type;
    }
    /// The engine's name of it, "DECIMAL(12,2)". "" where a column of it is not known.
    std::string of(const Json& expression);
    /// A cast to any type, such as "DECIMAL(38,2)".
    Json make_cast(Json child, const std::string& type);
    /// Of a FROM item that names no column, and of two types in one column of a set operation.
    std::vector<std::string> of_from(const Json& from);
    std::string common(const std::string& left, const std::string& right);
    /// Of scalar subqueries in expressions that are asked for later, by the text of their tree.
    void set_subquery(const Json& node, const std::string& type) {
        m_subqueries[node.dump()] = type;
    }

private:
    const Json& null_of(const std::string& type);
    /// Puts NULLs of their types for columns; false: one is not known. The engine forgets the type
    /// of some constants, and takes others than constants not everywhere.
    bool replace_columns(Json& node);
    std::vector<std::string> describe(const Json& select);

    const Engine& m_engine;
    std::map<std::string, std::map<std::string, std::string>> m_columns;
    std::map<std::string, std::string> m_subqueries;
    std::map<std::string, Json> m_nulls; ///< by their SQL
    bool m_constants = false;
};

/// Rewrites what the engine answers otherwise than PostgreSQL, by the types of operands, to the
/// functions of duckdb/exact_functions.hpp, and throws Problem for what has no exact form. Names
/// are resolved where `bound`; else no column's type is known, and what could be a float must be
/// cast. Returns the traits of the query's columns.
std::vector<NumberTraits> make_exact(Json& node, const std::vector<Relation>& relations,
                                     const Engine& engine, bool bound);

/// Throws Problem for a cast to varchar(n) or char(n), of which the engine's tree does not have the
/// n, for B'1' and X'1', which are texts in it, and for numbers such as 1_000.
void check_text_casts(const View& view);

} // namespace cdc::views

#endif
