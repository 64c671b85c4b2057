#ifndef CDC_CHECKPOINTS_FILE_HPP
#define CDC_CHECKPOINTS_FILE_HPP

#include "event/checkpoint.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::checkpoints {

/// The checkpoint that a file holds; nothing when there is no file or no whole line in it.
/// Throws Error (failed: cannot be read; bad_data: is not one).
std::optional<event::Checkpoint> read(const std::string& path);

/// Says in every file, and on stdout for "-", that all before this line is durable. `line` has no
/// '\n'. Throws Error (failed).
void write(const std::vector<std::string>& paths, std::string_view line);

} // namespace cdc::checkpoints

#endif
