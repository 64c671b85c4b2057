#include "cdc-verify/row_history.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cdc::verify {

namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

double float_value(const Column& column, const Value& value) {
    if (column.type.kind == clickhouse::Kind::float32) {
        float out = 0;
        std::memcpy(&out, value.bytes.data(), std::min(value.bytes.size(), sizeof(out)));
        return static_cast<double>(out);
    }
    double out = 0;
    std::memcpy(&out, value.bytes.data(), std::min(value.bytes.size(), sizeof(out)));
    return out;
}

} // namespace

const Row& row_of(const Rows& rows, const std::string& key) {
    static const Row kNone;
    const auto found = rows.find(key);
    return found == rows.end() ? kNone : found->second;
}

bool nearly_equal(const Column& column, const Value& a, const Value& b, double tolerance) {
    if (a.null == b.null && a.odd == b.odd && a.bytes == b.bytes) {
        return true;
    }
    // Without a tolerance 0 and -0 differ, as their checksums do.
    if (tolerance <= 0 || !column.is_float() || a.null || b.null || a.odd || b.odd) {
        return false;
    }
    const double x = float_value(column, a);
    const double y = float_value(column, b);
    return std::fabs(x - y) <= tolerance * std::max(std::fabs(x), std::fabs(y));
}

bool same_row(const Options& options, const Table& table, const Row& source, const Row& target) {
    if (source == target) {
        return true;
    }
    if (options.float_tolerance <= 0 || source.count != 1 || target.count != 1 ||
        source.value.size() <= sizeof(std::uint64_t) || !table.keyed()) {
        return false;
    }
    const auto ours = split_image(source.value, table.columns.size());
    const auto theirs = split_image(target.value, table.columns.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (!nearly_equal(table.columns[i], ours[i], theirs[i], options.float_tolerance)) {
            return false;
        }
    }
    return true;
}

void RowHistory::add(const std::vector<std::string>& keys, const Rows& rows) {
    if (m_bytes > kMostBytes) {
        m_rows.clear();
        m_bytes = 0;
    }
    for (const std::string& key : keys) {
        const Row& row = row_of(rows, key);
        std::vector<Row>& had = m_rows[key];
        if (std::find(had.rbegin(), had.rend(), row) == had.rend()) {
            m_bytes += sizeof(Row) + row.value.size();
            had.push_back(row);
        }
    }
}

bool RowHistory::had(const Options& options, const Table& table, const std::string& key,
                     const Row& row) const {
    const auto found = m_rows.find(key);
    return found != m_rows.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&](const Row& ours) { return same_row(options, table, ours, row); });
}

} // namespace cdc::verify
