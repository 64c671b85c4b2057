#ifndef CDC_CAPTURE_SERVER_HPP
#define CDC_CAPTURE_SERVER_HPP

#include "base/error.hpp"
#include "checkpoints/watch.hpp"
#include "source/change_stream.hpp"

#include <memory>
#include <string>

namespace cdc::capture {

/// What is asked of the source beside its changes. Made without a connection. All throw Error.
class Server {
public:
    virtual ~Server() = default;

    /// Of checkpoint files: throws Error unless one is of this source.
    virtual checkpoints::Watch::Check file_check() const = 0;
    /// Whether a slot keeps the log until it is confirmed, and a second reader away.
    virtual bool has_slot() const = 0;

    /// Waits until the source answers, as long as the options allow. Throws io::Stopped.
    virtual void await() {}
    /// Refuses patterns of tables and columns that meet nothing in the source, before anything is
    /// made or read. Throws io::Stopped.
    virtual void check_patterns() = 0;
    /// Reports on stderr what keeps capture from working, the patterns apart.
    virtual base::ExitCode check() = 0;

    /// Makes what the stream needs, after everything that check() looks at. Refuses when
    /// `checkpoint_file`, a file that holds a checkpoint, is not empty: a new slot would begin
    /// after a gap that nobody sees. Where there is nothing to make the options refuse it.
    virtual void create(const std::string& /*checkpoint_file*/) {}
    /// Drops what create() makes.
    virtual void drop() {}

    virtual std::unique_ptr<source::ChangeStream> changes() = 0;
};

} // namespace cdc::capture

#endif
