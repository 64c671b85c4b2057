#include "mysql/table_scan.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "mysql/connection.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;

namespace {

constexpr std::string_view kDigits = "-+.0123456789:eE ";

void add_condition(std::string& conditions, const std::string& condition) {
    if (!condition.empty()) {
        conditions += (conditions.empty() ? " WHERE " : " AND ") + condition;
    }
}

/// "int" of "int(11) unsigned".
std::string_view word_of(std::string_view type) {
    return type.substr(0, type.find_first_of("( "));
}

/// The index of MariaDB has the blanks behind such a value, by which 'a' with a tab sorts before
/// 'a'; a comparison has not.
bool sorts_otherwise(const TableMap::Column& column, std::string_view type) {
    return word_of(type) == "char" && column.collation_name.find("nopad") != std::string::npos;
}

std::string hex(std::string_view text) {
    std::string out;
    for (const char c : text) {
        base::append_hex(out, static_cast<unsigned char>(c), 2);
    }
    return out;
}

} // namespace

bool ScanSql::form_of(std::string_view type, Form& form) {
    const std::string_view word = word_of(type);
    const auto is = [word](std::initializer_list<std::string_view> words) {
        return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (is({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"})) {
        form = Form::number;
    } else if (is({"char", "varchar"})) {
        form = Form::text;
    } else if (is({"binary", "varbinary"})) {
        form = Form::binary;
    } else if (is({"date", "time", "datetime", "timestamp"})) {
        form = Form::time;
    } else {
        return false;
    }
    return true;
}

ScanSql::ScanSql(const TablePlan& plan, std::string select_list, const std::string& condition)
    : m_select{std::move(select_list)}, m_from{quote_name(plan.map().db) + "." +
                                               quote_name(plan.map().table)},
      m_condition{condition.empty() ? "" : "(" + condition + ")"} {
    for (const std::size_t place : plan.map().primary_key) {
        const event::Column& column = plan.shape_of(place);
        Form form{};
        if (!form_of(column.type, form) ||
            sorts_otherwise(plan.map().columns.at(place),
                            column.type)) { // a masked one is "text": no place of it is told
            m_names.clear();
            m_forms.clear();
            return;
        }
        m_names.push_back(column.name);
        m_forms.push_back(form);
    }
}

std::string ScanSql::literal(std::size_t column, const std::string& value) const {
    switch (m_forms[column]) {
    case Form::text:
        return "_utf8mb4 X'" + hex(value) + "'";
    case Form::binary:
        if (value.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos ||
            value.size() % 2 != 0) {
            break;
        }
        return "X'" + value + "'";
    case Form::number:
    case Form::time:
        if (value.empty() || value.find_first_not_of(kDigits) != std::string::npos) {
            break;
        }
        return m_forms[column] == Form::number ? value : "'" + value + "'";
    }
    fail(ExitCode::bad_data, "key column {}: {} is no value of its type",
         base::in_quotes(m_names[column]), base::in_quotes(value));
}

/// `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`: the first part is what the optimizer takes for a
/// range, which it does not see in `(a, b) > (1, 2)`.
std::string ScanSql::compare(const std::vector<std::string>& values, char op, bool or_equal) const {
    if (values.size() != m_names.size()) {
        fail(ExitCode::bad_data, "a key of {} values for {} key columns", values.size(),
             m_names.size());
    }
    std::string all;
    std::string equal;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::string name = quote_name(m_names[i]);
        const std::string value = literal(i, values[i]);
        const bool last = i + 1 == values.size();
        all += fmt::format("{}({}{} {}{} {})", i == 0 ? "" : " OR ", equal, name, op,
                           last && or_equal ? "=" : "", value);
        equal += fmt::format("{} = {} AND ", name, value);
    }
    return values.size() == 1 ? all
                              : fmt::format("{} {}= {} AND ({})", quote_name(m_names[0]), op,
                                            literal(0, values[0]), all);
}

std::string ScanSql::behind(const std::vector<std::string>& values) const {
    return values.empty() ? "" : compare(values, '>', false);
}

std::string ScanSql::up_to(const std::vector<std::string>& values) const {
    return values.empty() ? "" : compare(values, '<', true);
}

std::string ScanSql::lock() const {
    return "SELECT 1 FROM " + m_from + " LIMIT 0";
}

std::string ScanSql::rows(const source::ScanRange& range) const {
    std::string conditions;
    add_condition(conditions, m_condition);
    if (range.kind == source::ScanRange::Kind::keys) {
        add_condition(conditions, behind(range.after));
        add_condition(conditions, up_to(range.until));
    }
    return "SELECT " + m_select + " FROM " + m_from + conditions;
}

std::string ScanSql::bound(const std::vector<std::string>& after, std::uint64_t rows) const {
    std::string columns;
    std::string order;
    for (std::size_t i = 0; i < m_names.size(); ++i) {
        const std::string name = quote_name(m_names[i]);
        columns += (i == 0 ? "" : ", ") + (m_forms[i] == Form::binary ? "HEX(" + name + ")" : name);
        order += (i == 0 ? "" : ", ") + name;
    }
    std::string conditions;
    add_condition(conditions, behind(after));
    return fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT 1 OFFSET {}", columns, m_from,
                       conditions, order, rows - 1);
}

} // namespace cdc::mysql
