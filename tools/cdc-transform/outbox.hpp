#ifndef CDC_TRANSFORM_OUTBOX_HPP
#define CDC_TRANSFORM_OUTBOX_HPP

#include "event/checkpoint.hpp"
#include "io/file_descriptor.hpp"
#include "io/line_writer.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::transform {

/// Up to where the outbox counts: what the state's transaction keeps of it.
struct OutboxEnd {
    std::uint64_t segment = 1;
    std::uint64_t bytes = 0; ///< of that segment

    friend bool operator==(const OutboxEnd&, const OutboxEnd&) = default;
};

/// Lines that were made and may not have arrived: files `N.lines` in a folder, each at most about
/// 64 MB longer than one batch. A batch is appended and fsynced, then the state's transaction keeps
/// the new end and is committed, then the batch goes out. What stands behind the kept end when the
/// folder is opened was never committed, and is cut off.
///
///     append(…)…; end = sync(checkpoint line); [commit]; send(write)
///
/// Bytes of a batch stay as they are until the batch is dropped, and readable as long as their file
/// is open.
class Outbox {
public:
    using Write = std::function<void(std::string_view)>;
    using Give = std::function<void(io::FileRange)>;

    /// Throws Error (failed).
    Outbox(std::string folder, const OutboxEnd& end);

    /// Throws Error (failed).
    void append(std::string_view lines);
    /// Drops what was appended since the last batch. Throws Error (failed).
    void forget();
    /// Closes a batch with its checkpoint line (without '\n'), and makes all durable.
    OutboxEnd sync(std::string_view checkpoint);

    /// Gives the batches that were not given yet, where they lie.
    void send(const Give& give);

    /// Everything up to this checkpoint of an input ("": there is but one) has arrived, that of
    /// other inputs before it too: files that hold nothing else are removed.
    void acknowledged(const event::Checkpoint& checkpoint, const std::string& input = {});
    /// Everything that was given to write has arrived; kept in the file `arrived`, for there is no
    /// other.
    void acknowledged_all();
    /// Gives all that has not been acknowledged again, without the checkpoint lines: the source
    /// repeats those, and must not find in its file what it has not written yet.
    void send_again(const Give& give);

    std::uint64_t waiting_batches() const { return m_batches.size(); }
    /// The position in the orders of the first batch that has not been acknowledged.
    std::optional<std::uint64_t> first_waiting() const;

private:
    struct Batch {
        std::string checkpoint; ///< its line
        OutboxEnd begin;
        OutboxEnd end; ///< in the same segment
    };
    std::string path_of(std::uint64_t segment) const;
    void open_segment(std::uint64_t segment);
    void read_batches();
    void write_out();
    std::shared_ptr<const io::FileDescriptor> opened(const Batch& batch) const;
    void drop(std::size_t batches);
    void keep_arrived() const;
    void drop_arrived();

    std::string m_folder;
    io::FileDescriptor m_file; ///< the last segment
    OutboxEnd m_end;
    OutboxEnd m_begin;    ///< of the batch under way
    std::string m_buffer; ///< not yet in the file
    std::deque<Batch> m_batches;
    std::size_t m_sent = 0; ///< of m_batches
};

/// Whether what stands before `at` has arrived where `file` holds the acknowledged checkpoint.
bool covers(const event::Checkpoint& file, const event::Checkpoint& at);

} // namespace cdc::transform

#endif
