#include "cdc-capture/figures.hpp"

#include <fmt/format.h>

namespace cdc::capture {

Figures::Figures(const std::string& destination) : cli::Figures{"cdc_capture"} {
    publish(destination);
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} bytes{}", number(changes), rate(changes), number(bytes),
                       ago("last commit", commit_time));
}

} // namespace cdc::capture
