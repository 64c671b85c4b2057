#include "clickhouse/batch.hpp"

#include "base/numbers.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace cdc::clickhouse {

namespace {

constexpr std::size_t kFirstCapacity = std::size_t{64} << 10;
constexpr std::size_t kFirstSlots = 1024;

/// 64-bit hash of short byte strings: multiply and fold, eight bytes at a time (after wyhash).
std::uint64_t hash_bytes(std::string_view bytes) {
    constexpr std::uint64_t kFirst = 0xa0761d6478bd642fU;
    constexpr std::uint64_t kSecond = 0xe7037ed1a0b428dbU;
    const auto fold = [](std::uint64_t a, std::uint64_t b) {
        const base::Uint128 product = static_cast<base::Uint128>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    std::uint64_t hash = kFirst ^ bytes.size();
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        hash = fold(hash ^ word, kSecond);
        bytes.remove_prefix(8);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return fold(hash ^ word, kFirst ^ kSecond);
}

/// Whether `left` is the lower one. Keys of one size are compared as little-endian numbers, as
/// integers stand in rows; no key is below one of another size.
bool is_below(std::string_view left, std::string_view right) {
    std::size_t size = left.size();
    if (size != right.size()) {
        return false;
    }
    while (size > 0) {
        const std::size_t width = std::min(size, sizeof(std::uint64_t));
        size -= width;
        std::uint64_t words[2] = {0, 0};
        std::memcpy(&words[0], left.data() + size, width);
        std::memcpy(&words[1], right.data() + size, width);
        if (words[0] != words[1]) {
            return words[0] < words[1];
        }
    }
    return false;
}

} // namespace

char* RowBuffer::reserve(std::size_t room) {
    if (m_size + room > m_capacity) {
        const std::size_t capacity =
            std::max({m_size + room, m_capacity + m_capacity / 2, kFirstCapacity});
        // A large block moves without its bytes being copied, which would be in memory twice.
        auto* const grown = static_cast<char*>(std::realloc(m_bytes.get(), capacity));
        if (grown == nullptr) {
            throw std::bad_alloc{};
        }
        static_cast<void>(m_bytes.release());
        m_bytes.reset(grown);
        m_capacity = capacity;
    }
    return m_bytes.get() + m_size;
}

void RowBuffer::release() {
    m_bytes.reset();
    m_size = m_capacity = 0;
}

char* RowBatch::begin_row(std::size_t room) {
    m_row_begin = m_rows.size();
    return m_rows.reserve(room);
}

std::size_t RowBatch::slot_of(std::string_view key, std::uint64_t hash) const {
    const std::size_t mask = m_slots.size() - 1;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
        const Slot& slot = m_slots[at];
        if (slot.entry == 0 || (slot.tag == tag && this->key(m_entries[slot.entry - 1]) == key)) {
            return at;
        }
    }
}

void RowBatch::make_index(std::size_t slots) {
    m_slots.assign(slots, Slot{0, 0});
    for (std::size_t i = 0; i < m_entries.size(); ++i) {
        const std::uint64_t hash = hash_bytes(key(m_entries[i]));
        m_slots[slot_of(key(m_entries[i]), hash)] = {static_cast<std::uint32_t>(hash >> 32),
                                                     static_cast<std::uint32_t>(i + 1)};
    }
}

void RowBatch::end_row(const char* end, std::size_t key_size, event::Order order) {
    m_rows.set_end(end);
    const Row row{m_row_begin, static_cast<std::uint32_t>(m_rows.size() - m_row_begin),
                  static_cast<std::uint32_t>(key_size), order};
    if (key_size == 0) {
        m_entries.push_back(row);
        return;
    }
    if (m_rising && (m_entries.empty() || is_below(key(m_entries.back()), key(row)))) {
        m_entries.push_back(row);
        return;
    }
    if (m_rising || (m_entries.size() + 1) * 2 > m_slots.size()) {
        m_rising = false;
        make_index(
            std::max({kFirstSlots, m_slots.size(), std::bit_ceil(m_entries.size() * 2 + 2)}));
    }
    const std::uint64_t hash = hash_bytes(key(row));
    Slot& slot = m_slots[slot_of(key(row), hash)];
    if (slot.entry == 0) {
        m_entries.push_back(row);
        slot = {static_cast<std::uint32_t>(hash >> 32),
                static_cast<std::uint32_t>(m_entries.size())};
        return;
    }
    Row& kept = m_entries[slot.entry - 1];
    if (order < kept.order) {
        m_rows.truncate(m_row_begin);
    } else if (kept.size == row.size) {
        std::memcpy(m_rows.data() + kept.offset, m_rows.data() + row.offset, row.size);
        kept.order = order;
        m_rows.truncate(m_row_begin);
    } else {
        kept = row;
    }
}

const RowBatch::Row* RowBatch::find(std::string_view key) const {
    if (m_rising) {
        const auto found = std::lower_bound(m_entries.begin(), m_entries.end(), key,
                                            [this](const Row& row, std::string_view wanted) {
                                                return is_below(this->key(row), wanted);
                                            });
        return found != m_entries.end() && this->key(*found) == key ? &*found : nullptr;
    }
    const Slot& slot = m_slots[slot_of(key, hash_bytes(key))];
    return slot.entry == 0 ? nullptr : &m_entries[slot.entry - 1];
}

std::size_t RowBatch::memory() const {
    return m_rows.size() + m_entries.size() * (sizeof(Row) + 2 * sizeof(Slot));
}

std::size_t RowBatch::reserved() const {
    return m_rows.capacity() + m_entries.capacity() * sizeof(Row) + m_slots.size() * sizeof(Slot);
}

void RowBatch::pieces(std::vector<std::string_view>& out, std::size_t from,
                      std::size_t count) const {
    out.clear();
    for (std::size_t i = from; i < std::min(from + count, m_entries.size()); ++i) {
        const std::string_view row = bytes(m_entries[i]);
        if (!out.empty() && out.back().data() + out.back().size() == row.data()) {
            out.back() = {out.back().data(), out.back().size() + row.size()};
        } else {
            out.push_back(row);
        }
    }
}

void RowBatch::clear() {
    m_rows.truncate(0);
    m_entries.clear();
    m_rising = true;
}

void RowBatch::release() {
    clear();
    m_rows.release();
    m_entries = {};
    m_slots = {};
}

} // namespace cdc::clickhouse
