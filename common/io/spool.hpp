#ifndef CDC_IO_SPOOL_HPP
#define CDC_IO_SPOOL_HPP

#include "io/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cdc::io {

/// Records that are written one after another and then read back in that order: a few in memory,
/// more in a file without a name in $TMPDIR (else /tmp), which goes away with the process.
///
/// Each record stands behind its size, u32 in the machine's own order.
class Spool {
public:
    static constexpr std::size_t kMemory = std::size_t{64} << 10;

    /// Throws Error (failed), as the next one.
    void append(std::string_view record);
    /// The next record, from the first on; false: there is none left. Nothing is appended after it.
    bool next(std::string& record);

private:
    void write_out();
    void read(char* out, std::size_t size);

    std::string m_memory; ///< not yet in the file
    FileDescriptor m_file;
    std::uint64_t m_written = 0; ///< into the file
    std::uint64_t m_read = 0;
};

} // namespace cdc::io

#endif
