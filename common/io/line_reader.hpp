#ifndef CDC_IO_LINE_READER_HPP
#define CDC_IO_LINE_READER_HPP

#include "io/read_ahead.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cdc::io {

/// Lines from a descriptor, without a byte order mark in front of the first and without the '\r' of
/// DOS behind each: in JSON neither is data. Where there is much to read, a thread reads what comes
/// next while lines are given. Memory: one buffer that grows to the longest line, at most
/// `max_line`, and one of a mebibyte for what is read ahead.
class LineReader {
public:
    enum class Result {
        line,    ///< a whole line
        waiting, ///< nothing within the time, or the wake descriptor became readable
        end,     ///< end of input after a whole line, or no input at all
        torn,    ///< end of input inside a line: the writer was killed; `line` holds the part
    };

    /// Bytes that may be read (not used) behind each line, as simdjson wants.
    static constexpr std::size_t kPadding = 64;

    explicit LineReader(int fd, std::size_t max_line = std::size_t{256} << 20);

    /// Waits up to `timeout_ms` (-1: for ever, 0: not at all) for the next line. `line` is without
    /// its '\n' and stays valid until the next call. Throws Error: failed when reading fails,
    /// bad_data when a line is longer than max_line, or the input is compressed or no UTF-8.
    Result next(std::string_view& line, int timeout_ms = -1);

    /// While waiting, also stop when this descriptor becomes readable (-1: none).
    void set_wake_fd(int fd) { m_wake_fd = fd; }

    /// Whether next() would give a line without reading.
    bool buffered() const;
    /// The first whole line that begins so, of those that next() would give without reading. Valid
    /// until next() is called.
    std::optional<std::string_view> find_buffered(std::string_view start) const;

    std::uint64_t line_number() const noexcept {
        return m_line_number;
    }                                                        ///< of the last line, from 1
    std::uint64_t bytes() const noexcept { return m_bytes; } ///< of all lines given

private:
    void check_length(std::size_t size) const;
    void look_at_start();
    bool find_line(std::string_view& line);
    void make_room(std::size_t wanted);
    void read();
    void read_ahead();
    void take_ahead();
    void note(std::size_t got, bool end, int error);

    int m_fd;
    int m_wake_fd = -1;
    std::size_t m_max_line;
    Bytes m_buffer;
    std::size_t m_capacity;
    std::size_t m_begin = 0;   ///< first byte not given yet
    std::size_t m_scanned = 0; ///< no '\n' in [m_begin, m_scanned)
    std::size_t m_end = 0;
    std::uint64_t m_line_number = 0;
    std::uint64_t m_bytes = 0;
    bool m_start_seen = false;
    bool m_eof = false;
    Bytes m_spare;                      ///< of what is read ahead, while nothing is
    std::unique_ptr<ReadAhead> m_ahead; ///< ends before the buffers do
};

} // namespace cdc::io

#endif
