#ifndef CDC_EVENT_DEAD_LETTER_HPP
#define CDC_EVENT_DEAD_LETTER_HPP

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdc::event {

/// The dead_letter line of cdc-event(5), without '\n'. `topic` empty: null.
std::string dead_letter_line(const base::Error& error, std::string_view tool,
                             std::optional<std::uint64_t> line_number, std::string_view topic,
                             std::string_view bytes);

/// Appends the line (or several) and its '\n' to the file, as io::append_lines_durably() does.
/// Throws Error (failed, refused).
void append_dead_letter(const std::string& path, std::string line);

} // namespace cdc::event

#endif
