#ifndef CDC_IO_LINE_WRITER_HPP
#define CDC_IO_LINE_WRITER_HPP

#include "io/file_descriptor.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cdc::io {

/// A part of a file whose bytes there do not change any more.
struct FileRange {
    std::shared_ptr<const FileDescriptor> file; ///< open for reading
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Lines to a descriptor from a thread of its own, so that a blocked reader blocks nothing else.
/// Memory: at most `max_chunks` chunks of about `chunk_bytes`; a chunk of a line that is longer
/// than they are together is alone.
///
///     append to buffer(); when full(): wait until ready(), then submit();
///     when idle: submit() as well, so that no line waits for a neighbour.
class LineWriter {
public:
    explicit LineWriter(int fd, std::size_t chunk_bytes = std::size_t{256} << 10,
                        std::size_t max_chunks = 8);
    /// Abandons what was not written; call finish() first.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    std::string& buffer() noexcept { return m_current; }
    const std::string& buffer() const noexcept { return m_current; }
    bool full() const noexcept { return m_current.size() >= m_chunk_bytes; }
    std::size_t chunk_bytes() const noexcept { return m_chunk_bytes; }

    /// Whether submit() may be called now.
    bool ready() const;
    /// Hands the buffer to the thread; a no-op when it is empty. Throws Error (failed) when an
    /// earlier write failed.
    void submit();
    /// The same with what the buffer holds, then a part of a file: it goes out without being read
    /// into memory where `fd` is a pipe. It counts as submitted at once, so that ready() is false
    /// until next to all of it is written.
    void submit(FileRange range);
    /// Waits up to `timeout_ms` (-1: for ever) until ready(); wake_fd() is for event loops.
    bool wait_ready(int timeout_ms);

    /// Becomes readable when a chunk was written or writing failed; clear_wake() empties it.
    int wake_fd() const noexcept { return m_shared->wake_read.get(); }
    void clear_wake();

    /// Bytes submitted, and bytes that write(2) took.
    std::uint64_t submitted() const noexcept { return m_submitted; }
    std::uint64_t written() const;
    /// Throws Error (failed) if writing failed.
    void check() const;

    /// Submits the rest and waits up to `timeout_ms` until all is written. False: time ran out.
    bool finish(int timeout_ms);

private:
    struct Chunk {
        std::string bytes;
        FileRange range; ///< without a file: `bytes`
    };
    /// What the thread works on; it outlives the writer when write(2) never returns.
    struct Shared {
        int fd = -1;
        std::size_t spare_bytes = 0;
        FileDescriptor wake_read;
        FileDescriptor wake_write;
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<Chunk> queue;
        std::vector<std::string> spare; ///< written chunks, kept for their memory
        std::uint64_t written = 0;
        int error = 0;
        bool stop = false;
    };
    static void run(Shared& shared);
    static int write_range(Shared& shared, FileRange range);
    void hand_over(Chunk chunk);
    /// Under the lock.
    bool has_place() const;

    std::size_t m_chunk_bytes;
    std::size_t m_max_chunks;
    std::string m_current;
    std::uint64_t m_submitted = 0;
    std::shared_ptr<Shared> m_shared;
    std::thread m_thread;
};

} // namespace cdc::io

#endif
