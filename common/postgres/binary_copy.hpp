#ifndef CDC_POSTGRES_BINARY_COPY_HPP
#define CDC_POSTGRES_BINARY_COPY_HPP

#include "io/input_pause.hpp"
#include "postgres/connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::postgres {

/// A value as its type's send function writes it.
struct BinaryField {
    const char* data = nullptr; ///< nullptr: NULL
    std::size_t size = 0;
    bool is_null() const noexcept { return data == nullptr; }
    std::string_view view() const noexcept { return {data, size}; }
};

/// Rows of a query by COPY … (FORMAT binary): 11 bytes of signature, flags, extension; then for
/// each row an int16 count and fields with int32 sizes (-1: NULL), big-endian; then int16 -1.
/// Memory: one row. The connection serves nothing else until next() gave false; destroyed before
/// that, it cancels.
class BinaryCopy {
public:
    /// Throws ServerError.
    BinaryCopy(Connection& connection, const std::string& query);
    ~BinaryCopy();
    BinaryCopy(const BinaryCopy&) = delete;
    BinaryCopy& operator=(const BinaryCopy&) = delete;

    /// The fields are valid until the next call. Throws ServerError; Error (failed) when the
    /// process was asked to stop.
    bool next(std::vector<BinaryField>& row);

private:
    void finish();
    void take_header();

    Connection* m_connection;
    char* m_buffer = nullptr;
    std::string_view m_rest; ///< of m_buffer
    bool m_header = true;    ///< still to come
    io::InputPause m_pause;
    bool m_open = true;
};

} // namespace cdc::postgres

#endif
