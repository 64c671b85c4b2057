#ifndef CDC_VERIFY_ROW_SUMS_HPP
#define CDC_VERIFY_ROW_SUMS_HPP

#include "cdc-verify/rows.hpp"
#include "cdc-verify/table.hpp"

#include <cstdint>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

/// What becomes of the source's rows, however they are read. `scan` calls its argument with the
/// values of each row.
namespace cdc::verify {

/// The hashes of one row after another (rows.hpp).
class RowHasher {
public:
    explicit RowHasher(const Table& table) : m_table{table} {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            m_weights.push_back(column_weight(i));
        }
    }
    void hash(const std::vector<Value>& values) {
        std::uint64_t row_sum = 0;
        std::uint64_t key_sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint64_t hash = value_hash(values[i]) * m_weights[i];
            row_sum += hash;
            key_sum += m_table.columns[i].key ? hash : 0;
        }
        row = final_hash(row_sum);
        key = m_table.keyed() ? final_hash(key_sum) : row;
    }

    std::uint64_t row = 0;
    std::uint64_t key = 0;

private:
    const Table& m_table;
    std::vector<std::uint64_t> m_weights;
};

inline bool is_sampled(const Selection& selection, const RowHasher& hashes) {
    return selection.sample_limit == 0 || hashes.key < selection.sample_limit;
}

template<typename Scan>
void sum_rows(const Table& table, const Selection& selection, Buckets& out, Scan&& scan) {
    const int shift = 64 - selection.bucket_bits;
    RowHasher hashes{table};
    scan([&](const std::vector<Value>& values) {
        hashes.hash(values);
        if (is_sampled(selection, hashes)) {
            Bucket& bucket = out[hashes.key >> shift];
            ++bucket.count;
            bucket.sum += hashes.row;
        }
    });
}

/// The rows of `selection`; `by_key`: `scan` does not select by its keys.
template<typename Scan>
Rows collect_rows(const Table& table, const Selection& selection, bool by_key, Scan&& scan) {
    std::unordered_set<std::string> wanted;
    if (by_key) {
        wanted.insert(selection.keys.begin(), selection.keys.end());
    }
    Rows rows;
    const int shift = 64 - selection.bucket_bits;
    RowHasher hashes{table};
    std::string key;
    std::string image;
    scan([&](const std::vector<Value>& values) {
        hashes.hash(values);
        if (!is_sampled(selection, hashes) ||
            (!selection.buckets.empty() && !selection.buckets[hashes.key >> shift])) {
            return;
        }
        key.clear();
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!table.keyed() || table.columns[i].key) {
                append_image(key, values[i]);
            }
        }
        if (!wanted.empty() && !wanted.contains(key)) {
            return;
        }
        image.clear();
        if (table.keyed() && !selection.whole_rows) {
            image.assign(reinterpret_cast<const char*>(&hashes.row), sizeof(hashes.row));
        } else if (table.keyed()) {
            for (const Value& value : values) {
                append_image(image, value);
            }
        }
        add_row(rows[key], image);
    });
    return rows;
}

} // namespace cdc::verify

#endif
