#ifndef CDC_IO_FILE_PLACE_HPP
#define CDC_IO_FILE_PLACE_HPP

#include <string>
#include <string_view>

namespace cdc::io {

/// What a tool does with a file that an option names.
enum class FileUse {
    read,    ///< another tool writes it, perhaps later
    replace, ///< as write_file_atomically() does
    append,
};

/// Whether the file can be used so, without touching it: what can be made there is made, and
/// removed again. Throws Error (usage) when it cannot: its folder is not there or may not be
/// written to, or there is something else of that name.
void check_file_place(std::string_view option, const std::string& path, FileUse use);

/// The folder of the file; "." where the path has none.
std::string folder_of(const std::string& path);

} // namespace cdc::io

#endif
