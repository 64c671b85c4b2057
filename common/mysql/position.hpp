#ifndef CDC_MYSQL_POSITION_HPP
#define CDC_MYSQL_POSITION_HPP

#include "mysql/binlog_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::mysql {

/// A place in a server's binary log: "binlog.000003:154".
struct Position {
    std::string file;
    std::uint64_t offset = 0; ///< may lie beyond 32 bits, which events do not show

    static constexpr std::uint64_t kFirst = 4;  ///< of a file's first event
    static constexpr unsigned kOffsetBits = 40; ///< of a place in the order
    static constexpr std::uint64_t kMaxOffset = (std::uint64_t{1} << kOffsetBits) - 1;
    static constexpr std::uint64_t kMaxNumber = (std::uint64_t{1} << 24) - 1;

    std::string text() const;
    static std::optional<Position> parse(std::string_view text);

    /// The digits at the end of the file's name, and what stands before them.
    std::uint64_t file_number() const;
    std::string_view base_name() const;

    /// Position in an Order: file number (24 bits), offset (40 bits). Throws Error (refused) when
    /// one of them is larger.
    std::uint64_t order_position() const;
};

/// By number of the file, then offset.
bool operator<(const Position& a, const Position& b);
bool operator==(const Position& a, const Position& b);

/// Where the stream is: follows events through offsets beyond 32 bits and from file to file.
class LogCursor {
public:
    explicit LogCursor(Position start) : m_next{std::move(start)} {}

    /// Returns the offset at which the event begins.
    std::uint64_t follow(const Event& event);
    /// The server left out what stands before the event: of the offsets that its 32 bits may mean
    /// it begins at the one nearest to `place`, on either side.
    void skip_to(const Event& event, std::uint64_t place);
    /// A rotate event, in the log or made by the server for the stream.
    void rotate(const Rotate& rotate);

    /// Where the next event begins.
    const Position& next() const { return m_next; }

private:
    Position m_next;
};

} // namespace cdc::mysql

#endif
