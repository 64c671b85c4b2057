#ifndef CDC_MYSQL_TABLE_SCAN_HPP
#define CDC_MYSQL_TABLE_SCAN_HPP

#include "mysql/table_plan.hpp"
#include "source/scan_range.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdc::mysql {

/// The statements that read a table, whole or in ranges of its primary key. Pure: names and values
/// are quoted here.
class ScanSql {
public:
    /// `select_list`: what of each row; `condition`: the user's, in SQL; "": none.
    ScanSql(const TablePlan& plan, std::string select_list, const std::string& condition);

    /// The columns of the primary key in its order. Empty: there is none, or a column of it is of a
    /// type whose values do not sort as their literals compare (enum, set, bit, float, and char of
    /// MariaDB with a collation that does not pad).
    const std::vector<std::string>& key() const { return m_names; }

    /// Reads nothing, and has the transaction hold the table's metadata lock.
    std::string lock() const;
    std::string rows(const source::ScanRange& range) const;
    /// The key of the row that is `rows` rows behind `after`, as text (binary columns: as
    /// hexadecimal digits); no row when there are not so many. Rows that a condition leaves out
    /// count too.
    std::string bound(const std::vector<std::string>& after, std::uint64_t rows) const;

private:
    enum class Form { number, text, binary, time };
    static bool form_of(std::string_view type, Form& form);
    std::string literal(std::size_t column, const std::string& value) const;
    /// Throws Error (bad_data) for values of another key.
    std::string behind(const std::vector<std::string>& values) const;
    std::string up_to(const std::vector<std::string>& values) const;
    std::string compare(const std::vector<std::string>& values, char op, bool or_equal) const;

    std::string m_select;
    std::string m_from;
    std::string m_condition;
    std::vector<std::string> m_names;
    std::vector<Form> m_forms;
};

} // namespace cdc::mysql

#endif
