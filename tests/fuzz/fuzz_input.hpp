#ifndef CDC_FUZZ_INPUT_HPP
#define CDC_FUZZ_INPUT_HPP

#include "base/error.hpp"
#include "event/json_cursor.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace cdc::fuzz {

inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

inline bool is_json(std::string_view text) {
    event::JsonCursor cursor{text};
    cursor.value();
    return !cursor.failed() && cursor.at_end();
}

/// Calls, and lets bad_data pass.
template<typename Call>
void try_to(Call&& call) {
    try {
        call();
    } catch (const base::Error& error) {
        require(error.code() == base::ExitCode::bad_data);
    }
}

/// A copy in an allocation of its size, so that a read past its end is seen.
class Exact {
public:
    explicit Exact(std::string_view bytes) : m_bytes{new char[bytes.size()]}, m_size{bytes.size()} {
        std::copy(bytes.begin(), bytes.end(), m_bytes.get());
    }
    Exact(const std::uint8_t* data, std::size_t size)
        : Exact{{reinterpret_cast<const char*>(data), size}} {}
    std::string_view bytes() const { return {m_bytes.get(), m_size}; }

private:
    std::unique_ptr<char[]> m_bytes;
    std::size_t m_size;
};

} // namespace cdc::fuzz

#endif
