#ifndef CDC_IO_APPEND_FILE_HPP
#define CDC_IO_APPEND_FILE_HPP

#include <string>
#include <string_view>

namespace cdc::io {

/// Appends whole lines to a file that others append to in the same way: under its lock (flock), so
/// that no writer meets half of another's line. A last line without end is of a writer that was
/// killed, and is cut off first. The bytes and the file's entry in its folder are durable
/// afterwards; after a failure nothing of them is left. Throws Error (failed; refused where files
/// cannot be locked).
void append_lines_durably(const std::string& path, std::string_view lines);

} // namespace cdc::io

#endif
