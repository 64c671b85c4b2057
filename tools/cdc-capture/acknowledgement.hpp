#ifndef CDC_CAPTURE_ACKNOWLEDGEMENT_HPP
#define CDC_CAPTURE_ACKNOWLEDGEMENT_HPP

#include "checkpoints/watch.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace cdc::capture {

/// What may be confirmed to the server: the lowest position that the checkpoint files hold (one
/// that is missing holds none), or with on-write that of the last checkpoint line that left us.
class Acknowledgement {
public:
    /// Reads the files. Throws Error (bad_data: one is not a checkpoint file), and what `check`
    /// throws.
    Acknowledgement(const std::vector<std::string>& files, bool on_write,
                    checkpoints::Watch::Check check);

    /// The lowest checkpoint; nothing when a file is missing or there are no files.
    const std::optional<event::Checkpoint>& lowest() const { return m_files.lowest(); }
    const std::string& lowest_file() const { return m_files.lowest_path(); }
    /// A file that holds a checkpoint, whatever the others do; empty when there is none.
    const std::string& any_file() const { return m_files.any_path(); }
    bool has_files() const { return !m_files.none(); }
    bool on_write() const { return m_on_write; }

    /// Looks whether the files changed.
    void poll_files();
    /// The same before anything is put out: what they hold is where the stream begins.
    void read_again();
    /// A checkpoint line of `order` was put into the output, whose length is then `bytes`.
    void emitted(event::Order order, std::uint64_t bytes);
    /// `bytes` of the output left the process.
    void written(std::uint64_t bytes);

    /// 0: nothing. Never above the last checkpoint line that we put out or resumed from.
    event::Order position() const;
    /// Whether everything that can be acknowledged is.
    bool complete() const;

private:
    struct Emitted {
        event::Order order;
        std::uint64_t bytes;
    };
    void find_lowest();

    checkpoints::Watch m_files;
    bool m_on_write;
    event::Order m_lowest;
    event::Order m_written;
    event::Order m_last_emitted;
    std::deque<Emitted> m_pending; ///< on-write: put out, but not yet written
};

} // namespace cdc::capture

#endif
