#ifndef CDC_MYSQL_COLUMN_DEFINITION_HPP
#define CDC_MYSQL_COLUMN_DEFINITION_HPP

#include "mysql/statement_tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::mysql {

/// `name type [NOT NULL] [DEFAULT constant] …` of ADD, MODIFY and CHANGE COLUMN, as far as it is
/// understood.
struct ColumnDefinition {
    enum class Constant : std::uint8_t { none, null, number, string };

    std::string name;
    std::string type; ///< as a table line has it: "int unsigned", "varchar(20)", "decimal(10,2)"
    std::vector<std::string> labels; ///< of an enum or set
    bool not_null = false;
    Constant kind = Constant::none; ///< of its default
    std::string constant;           ///< its digits, or its text without quotes
};

/// `clause` from the column's name on. Nothing: it has a type or a word that is not among those
/// that are known to keep the values of rows that are there, and to give one constant to all.
std::optional<ColumnDefinition> read_definition(const std::vector<const Token*>& clause,
                                                std::size_t at);

/// The JSON of what an ADD COLUMN with this definition gave to the rows that are there, in the form
/// of cdc-event(5): "null" where it is NULL. Nothing: that is not known, for the server changes the
/// constant in a way that is not followed here.
std::optional<std::string> value_of_old_rows(const ColumnDefinition& definition);

} // namespace cdc::mysql

#endif
