#include "base/terminal.hpp"

#include <sys/ioctl.h>

namespace cdc::base {

std::string cut_to_width(std::string_view line, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t count = 0; end < line.size(); ++end) {
        const bool starts = (static_cast<unsigned char>(line[end]) & 0xC0) != 0x80;
        if (starts && ++count > columns) {
            break;
        }
    }
    return std::string{line.substr(0, end)};
}

std::size_t terminal_columns(int fd) {
    constexpr std::size_t kDefault = 80;
    winsize window{};
    return ::ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : kDefault;
}

} // namespace cdc::base
