#ifndef CDC_IO_ATOMIC_FILE_HPP
#define CDC_IO_ATOMIC_FILE_HPP

#include <optional>
#include <string>
#include <string_view>

namespace cdc::io {

/// Replaces the file: write to a neighbour, fsync, rename, fsync the folder. After a crash the
/// file holds the old bytes or the new ones, never a part. Throws Error (failed).
void write_file_atomically(const std::string& path, std::string_view bytes);

/// The neighbour, of this process.
std::string temporary_name(const std::string& path);

/// Makes the entry of a file in its folder durable. Throws Error (failed).
void sync_folder_of(const std::string& path);

/// The last line of the file that ends in '\n', without the '\n'; nothing when the file is missing
/// or holds no whole line. Throws Error (failed) when the file is there and cannot be read.
std::optional<std::string> read_last_line(const std::string& path);

/// Sees whether a file was replaced, written to or removed, without reading it.
class FileWatch {
public:
    explicit FileWatch(std::string path) : m_path{std::move(path)} {}
    /// True at the first call on an existing file, after every change of it, and when it is gone.
    bool changed();
    const std::string& path() const noexcept { return m_path; }

private:
    std::string m_path;
    unsigned long long m_inode = 0;
    long long m_modified_ns = 0;
    long long m_size = -1;
};

} // namespace cdc::io

#endif
