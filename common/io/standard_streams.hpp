#ifndef CDC_IO_STANDARD_STREAMS_HPP
#define CDC_IO_STANDARD_STREAMS_HPP

#include "base/error.hpp"

#include <string_view>

/// Descriptors 0, 1 and 2 as the caller gave them, which may be closed.
namespace cdc::io {

/// Call before anything is opened. Puts /dev/null where a descriptor is closed, opened so that
/// reading stdin and writing stdout fail: else the next socket or file would land there, and be
/// taken for lines.
void occupy_closed_streams();

/// Throws Error (usage) when stdin cannot be read, or stdout not be written, because it was closed
/// or opened for the other direction. For the checks of a tool that needs it.
void require_stdin();
void require_stdout();

/// Who read the output has gone, as `| head` does.
class ReaderGone : public base::Error {
public:
    ReaderGone() : Error{base::ExitCode::failed, "cannot write output: its reader is gone"} {}
};

/// Writes a text for people, however long its reader takes. Throws Error (failed), ReaderGone,
/// Stopped.
void write_report(int fd, std::string_view text);

} // namespace cdc::io

#endif
