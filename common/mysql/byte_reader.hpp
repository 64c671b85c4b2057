#ifndef CDC_MYSQL_BYTE_READER_HPP
#define CDC_MYSQL_BYTE_READER_HPP

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cdc::mysql {

/// Takes bytes from the front of a buffer and never reads beyond its end: whatever is too short
/// throws Error (bad_data). Integers are little-endian, as in the binary log, unless said
/// otherwise.
class ByteReader {
public:
    ByteReader() = default;
    explicit ByteReader(std::string_view bytes)
        : m_at{bytes.data()}, m_end{bytes.data() + bytes.size()} {}

    std::size_t left() const { return static_cast<std::size_t>(m_end - m_at); }
    bool empty() const { return m_at == m_end; }
    std::string_view rest() const { return {m_at, left()}; }
    const char* at() const { return m_at; }

    std::string_view bytes(std::uint64_t size) {
        need(size);
        const std::string_view out{m_at, static_cast<std::size_t>(size)};
        m_at += size;
        return out;
    }
    void skip(std::uint64_t size) { bytes(size); }

    std::uint8_t u8() {
        need(1);
        return static_cast<std::uint8_t>(*m_at++);
    }
    std::uint16_t u16() { return static_cast<std::uint16_t>(little(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(little(4)); }
    std::uint64_t u64() { return little(8); }

    /// An integer of 1 to 8 bytes.
    std::uint64_t little(unsigned size) {
        need(size);
        std::uint64_t value = 0;
        for (unsigned i = 0; i < size; ++i) {
            value |= std::uint64_t{static_cast<std::uint8_t>(m_at[i])} << (8 * i);
        }
        m_at += size;
        return value;
    }
    std::uint64_t big(unsigned size) {
        need(size);
        std::uint64_t value = 0;
        for (unsigned i = 0; i < size; ++i) {
            value = value << 8 | static_cast<std::uint8_t>(m_at[i]);
        }
        m_at += size;
        return value;
    }

    /// The protocol's length-encoded integer.
    std::uint64_t packed() {
        const std::uint8_t first = u8();
        switch (first) {
        case 0xfc:
            return little(2);
        case 0xfd:
            return little(3);
        case 0xfe:
            return little(8);
        case 0xff:
        case 0xfb:
            base::fail(base::ExitCode::bad_data, "a length that begins with byte 0x{:02x}", first);
        default:
            return first;
        }
    }
    /// A packed length and so many bytes.
    std::string_view packed_bytes() { return bytes(packed()); }

private:
    void need(std::uint64_t size) const {
        if (size > left()) {
            base::fail(base::ExitCode::bad_data, "{} bytes are wanted where {} are left", size,
                       left());
        }
    }

    const char* m_at = nullptr;
    const char* m_end = nullptr;
};

} // namespace cdc::mysql

#endif
