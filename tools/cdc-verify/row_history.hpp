#ifndef CDC_VERIFY_ROW_HISTORY_HPP
#define CDC_VERIFY_ROW_HISTORY_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/rows.hpp"
#include "cdc-verify/table.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace cdc::verify {

/// The row of a key; an empty one where there is none.
const Row& row_of(const Rows& rows, const std::string& key);

/// Whether two rows of a key are the same, as --float-tolerance says.
bool same_row(const Options& options, const Table& table, const Row& source, const Row& target);

/// As floats go, with a tolerance relative to the larger one; all else byte by byte.
bool nearly_equal(const Column& column, const Value& a, const Value& b, double tolerance);

/// The rows that the source had of some keys, one after the other. It forgets all when they become
/// too large: then it only knows less.
class RowHistory {
public:
    /// `rows`: images. A key without a row there had none.
    void add(const std::vector<std::string>& keys, const Rows& rows);
    /// Whether the key had this row at some time.
    bool had(const Options& options, const Table& table, const std::string& key,
             const Row& row) const;

private:
    std::unordered_map<std::string, std::vector<Row>> m_rows;
    std::size_t m_bytes = 0;
};

} // namespace cdc::verify

#endif
