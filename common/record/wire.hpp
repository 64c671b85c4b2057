#ifndef CDC_RECORD_WIRE_HPP
#define CDC_RECORD_WIRE_HPP

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Numbers as both Avro and Protobuf have them in bytes: base-128 varints with the low group
/// first, zigzag for signed ones, and fixed widths with the low byte first.
namespace cdc::record {

inline std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}

inline std::int64_t unzigzag(std::uint64_t bits) {
    return static_cast<std::int64_t>(bits >> 1 ^ (0 - (bits & 1)));
}

inline void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        out += static_cast<char>(value | 0x80);
    }
    out += static_cast<char>(value);
}

template<typename Bits>
void append_little(std::string& out, Bits bits) {
    for (std::size_t i = 0; i < sizeof(bits); ++i) {
        out += static_cast<char>(bits >> (8 * i) & 0xff);
    }
}

/// Takes bytes from the front. `format` is a name for messages: "Avro". Errors: bad_data.
class WireReader {
public:
    WireReader(std::string_view bytes, const char* format) : m_rest{bytes}, m_format{format} {}

    std::string_view rest() const { return m_rest; }
    bool at_end() const { return m_rest.empty(); }

    std::string_view take(std::uint64_t size) {
        if (size > m_rest.size()) {
            base::fail(base::ExitCode::bad_data, "the {} bytes end {} bytes early", m_format,
                       size - m_rest.size());
        }
        const std::string_view bytes = m_rest.substr(0, size);
        m_rest.remove_prefix(size);
        return bytes;
    }
    std::uint64_t varint() {
        if (!m_rest.empty() && static_cast<unsigned char>(m_rest[0]) < 0x80) { // most are short
            const auto bits = static_cast<unsigned char>(m_rest[0]);
            m_rest.remove_prefix(1);
            return bits;
        }
        std::uint64_t bits = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1)[0]);
            bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) {
                return bits;
            }
        }
        base::fail(base::ExitCode::bad_data, "the {} bytes have a number of more than ten bytes",
                   m_format);
    }
    /// Of at most eight bytes.
    std::uint64_t little(std::size_t size) {
        std::uint64_t bits = 0;
        const std::string_view bytes = take(size);
        for (std::size_t i = 0; i < size; ++i) {
            bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
        }
        return bits;
    }

private:
    std::string_view m_rest;
    const char* m_format;
};

} // namespace cdc::record

#endif
