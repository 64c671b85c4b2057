#ifndef CDC_IO_FILE_LOCK_HPP
#define CDC_IO_FILE_LOCK_HPP

#include "io/file_descriptor.hpp"

#include <string>

namespace cdc::io {

/// Keeps other processes that lock the same file away, until this object or the process ends. The
/// lock is on a file beside it, `FILE.lock`, which stays: the file itself is replaced each time it
/// is written.
class FileLock {
public:
    /// Waits for a process that is about to end. Warns, and locks nothing, where that file cannot
    /// be made. Throws Error: failed when the other one, which the message names, goes on (`who`:
    /// "another cdc-capture"), refused where files cannot be locked; Stopped at a signal.
    FileLock(const std::string& path, const std::string& who);

private:
    FileDescriptor m_file;
};

} // namespace cdc::io

#endif
