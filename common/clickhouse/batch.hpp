#ifndef CDC_CLICKHOUSE_BATCH_HPP
#define CDC_CLICKHOUSE_BATCH_HPP

#include "event/order.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::clickhouse {

/// Bytes that grow, with room asked for before writing, and whose memory stays after clear().
class RowBuffer {
public:
    /// Where to write; `room` bytes fit. Then call set_end().
    char* reserve(std::size_t room);
    void set_end(const char* end) { m_size = static_cast<std::size_t>(end - m_bytes.get()); }
    void truncate(std::size_t size) { m_size = size; }
    void release();

    const char* data() const { return m_bytes.get(); }
    char* data() { return m_bytes.get(); }
    std::size_t size() const { return m_size; }
    std::size_t capacity() const { return m_capacity; }

private:
    struct Free {
        void operator()(char* bytes) const { std::free(bytes); }
    };
    std::unique_ptr<char, Free> m_bytes;
    std::size_t m_size = 0;
    std::size_t m_capacity = 0;
};

/// Encoded rows of one table, of which the highest order of each key is kept (the later one when
/// orders are equal). The key is a row's first `key_size` bytes.
///
///     char* at = batch.begin_row(room);  write the row  batch.end_row(at, key_size, order);
class RowBatch {
public:
    struct Row {
        std::size_t offset;
        std::uint32_t size;
        std::uint32_t key_size;
        event::Order order;
    };

    char* begin_row(std::size_t room);
    /// Takes the bytes from begin_row() to `end` as a row, and replaces, or loses against, the row
    /// of the same key. key_size 0: no key, every row is kept.
    void end_row(const char* end, std::size_t key_size, event::Order order);
    /// The row that is kept for these key bytes; nullptr when there is none.
    const Row* find(std::string_view key) const;
    std::string_view bytes(const Row& row) const { return {m_rows.data() + row.offset, row.size}; }
    std::string_view key(const Row& row) const {
        return {m_rows.data() + row.offset, row.key_size};
    }

    const std::vector<Row>& rows() const { return m_entries; }
    bool empty() const { return m_entries.empty(); }
    /// Memory in use for rows and their index.
    std::size_t memory() const;
    /// Memory held, in use or not.
    std::size_t reserved() const;

    /// The kept rows as few pieces; valid until the next change. `from` and `count` choose rows.
    void pieces(std::vector<std::string_view>& out, std::size_t from, std::size_t count) const;

    /// Forgets the rows and keeps the memory.
    void clear();
    /// Forgets the memory too.
    void release();

private:
    struct Slot {
        std::uint32_t tag;   ///< upper half of the hash
        std::uint32_t entry; ///< index + 1; 0: free
    };
    std::size_t slot_of(std::string_view key, std::uint64_t hash) const;
    void make_index(std::size_t slots);

    RowBuffer m_rows;
    std::size_t m_row_begin = 0;
    std::vector<Row> m_entries;
    std::vector<Slot> m_slots; ///< size is a power of two, at most half full
    bool m_rising = true;      ///< the keys rise so far, and m_slots says nothing
};

} // namespace cdc::clickhouse

#endif
