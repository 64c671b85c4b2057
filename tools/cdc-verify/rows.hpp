#ifndef CDC_VERIFY_ROWS_HPP
#define CDC_VERIFY_ROWS_HPP

#include "base/xxh64.hpp"
#include "cdc-verify/column.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// How rows are hashed, the same in the tool and in ClickHouse (sql.hpp):
///
///     value   xxHash64 of its bytes; NULL: kNullHash; odd: the complement
///     row     xxHash64 of the 8 bytes of sum(weight(i) * value(i)), all modulo 2^64
///     key     the same over the key's columns, with their weights
///     bucket  the upper bits of the key's hash; without key, of the row's hash
///     sum     of the row hashes of a bucket, modulo 2^64, beside their count
///
/// Buckets are ranges of the key's hash and not of the key: both sides agree on a hash, but not on
/// the order of texts (collations) or of UUIDs.
namespace cdc::verify {

inline constexpr std::uint64_t kNullHash = 0x6e756c6c6e756c6cU;

/// Odd, and different for each column: splitmix64.
constexpr std::uint64_t column_weight(std::size_t column) {
    std::uint64_t z = (column + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return (z ^ z >> 31) | 1;
}

inline std::uint64_t value_hash(const Value& value) {
    if (value.null) {
        return kNullHash;
    }
    const std::uint64_t hash = base::xxh64(value.bytes);
    return value.odd ? ~hash : hash;
}

inline std::uint64_t final_hash(std::uint64_t sum) {
    return base::xxh64({reinterpret_cast<const char*>(&sum), sizeof(sum)});
}

struct Bucket {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
};
using Buckets = std::vector<Bucket>;

/// Which rows a reading is about.
struct Selection {
    int bucket_bits = 0;
    std::uint64_t sample_limit = 0; ///< only key hashes below; 0: all
    std::vector<bool> buckets;      ///< empty: all
    std::vector<std::string> keys;  ///< images of keys; empty: not by key
    bool whole_rows = false;        ///< give images of rows instead of their hashes
    /// Of a table without key in the target: as it was then, and what can never have been written.
    std::optional<event::Order> up_to;
    std::vector<event::Order> impossible;
};

struct Row {
    std::string value; ///< the row's hash (8 bytes), or its image
    std::uint64_t count = 0;
    friend bool operator==(const Row&, const Row&) = default;
};
/// By the key's image; a table without key by the row's image, where only the count says something.
using Rows = std::unordered_map<std::string, Row>;

/// One more row of a key. Where a key occurs more than once (--key may not be one), the value is
/// the sum of the rows' hashes: equal for the same rows in any order.
inline void add_row(Row& row, std::string_view value) {
    if (++row.count == 1 || value.empty()) {
        row.value = value;
        return;
    }
    std::uint64_t sum = base::xxh64(value);
    if (row.count == 2) {
        sum += base::xxh64(row.value);
    } else {
        std::uint64_t before = 0;
        std::memcpy(&before, row.value.data(), sizeof(before));
        sum += before;
    }
    row.value.assign(reinterpret_cast<const char*>(&sum), sizeof(sum));
}

} // namespace cdc::verify

#endif
