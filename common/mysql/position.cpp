#include "mysql/position.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"

#include <tuple>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

std::string Position::text() const {
    std::string out = file;
    out += ':';
    base::append_integer(out, offset);
    return out;
}

std::optional<Position> Position::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    const auto offset = base::parse_integer<std::uint64_t>(text.substr(colon + 1));
    Position out{std::string{text.substr(0, colon)}, offset.value_or(0)};
    if (!offset || *offset < kFirst || out.base_name().size() == out.file.size()) {
        return std::nullopt;
    }
    return out;
}

std::string_view Position::base_name() const {
    const std::string_view all{file};
    std::size_t digits = all.size();
    while (digits > 0 && all[digits - 1] >= '0' && all[digits - 1] <= '9') {
        --digits;
    }
    const bool numbered = digits > 0 && digits < all.size() && all[digits - 1] == '.';
    return numbered ? all.substr(0, digits - 1) : all;
}

std::uint64_t Position::file_number() const {
    const std::string_view base = base_name();
    const auto number =
        base.size() == file.size()
            ? std::nullopt
            : base::parse_integer<std::uint64_t>(std::string_view{file}.substr(base.size() + 1));
    if (!number) {
        fail(ExitCode::bad_data, "{} is not the name of a binary log file", in_quotes(file));
    }
    return *number;
}

std::uint64_t Position::order_position() const {
    const std::uint64_t number = file_number();
    if (number > kMaxNumber || offset > kMaxOffset) {
        fail(ExitCode::refused,
             "position {} does not fit into the order of changes (24 bits for the "
             "number of the file, 40 for the offset)",
             in_quotes(text()));
    }
    return number << kOffsetBits | offset;
}

bool operator<(const Position& a, const Position& b) {
    return std::tuple{a.file_number(), a.offset} < std::tuple{b.file_number(), b.offset};
}

bool operator==(const Position& a, const Position& b) {
    return a.file == b.file && a.offset == b.offset;
}

namespace {

constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;

/// Otherwise it stands nowhere in the file.
bool has_position(const Event& event) {
    return event.next_position != 0 && (event.flags & Event::kArtificial) == 0;
}

} // namespace

std::uint64_t LogCursor::follow(const Event& event) {
    if (!has_position(event)) {
        return m_next.offset;
    }
    std::uint64_t next = (m_next.offset & ~(kWrap - 1)) | event.next_position;
    if (next < m_next.offset) {
        next += kWrap;
    }
    m_next.offset = next;
    return next - event.size;
}

void LogCursor::skip_to(const Event& event, std::uint64_t place) {
    if (!has_position(event)) {
        return;
    }
    // The distance between -2^31 and 2^31 that the low bits show.
    const auto begin = static_cast<std::uint32_t>(event.next_position - event.size);
    const auto ahead = static_cast<std::int32_t>(begin - static_cast<std::uint32_t>(place));
    const std::int64_t offset = static_cast<std::int64_t>(place) + ahead;
    m_next.offset = offset < 0 ? begin : static_cast<std::uint64_t>(offset);
}

void LogCursor::rotate(const Rotate& rotate) {
    if (rotate.file.empty()) {
        fail(ExitCode::bad_data, "a rotation to a file without name");
    }
    m_next.file = rotate.file;
    m_next.offset = rotate.position;
}

} // namespace cdc::mysql
