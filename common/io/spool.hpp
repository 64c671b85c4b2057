#ifndef CDC_IO_SPOOL_HPP
#define CDC_IO_SPOOL_HPP

#include "io/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cdc::io {

/// Records that are written one after another and then read back in that order: a few in memory,
/// more in a file without a name in a folder, which goes away with the process.
///
/// Each record stands behind its size, u32 in the machine's own order.
class Spool {
public:
    static constexpr std::size_t kMemory = std::size_t{64} << 10;

    /// `folder`: "" for $TMPDIR, else /tmp.
    explicit Spool(std::string folder = {}) : m_folder{std::move(folder)} {}

    /// Throws Error (failed), as the next one.
    void append(std::string_view record) { append({}, record); }
    /// A record of two parts.
    void append(std::string_view head, std::string_view body);
    /// The next record, from the first on; false: there is none left. Nothing is appended after it.
    bool next(std::string& record);

    /// Of the records, as they are stored.
    std::uint64_t size() const { return m_written + m_memory.size(); }

private:
    void write_out();
    void write(std::string_view bytes);
    void read(char* out, std::size_t size);
    void fill_block();
    std::string folder() const;

    std::string m_folder;
    std::string m_memory; ///< not yet in the file
    FileDescriptor m_file;
    std::uint64_t m_written = 0; ///< into the file
    std::string m_block;         ///< of the file, read last
    std::size_t m_block_at = 0;  ///< how much of it is used
    std::uint64_t m_read = 0;    ///< from the file, or from memory where there is none
};

} // namespace cdc::io

#endif
