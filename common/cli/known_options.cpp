#include "cli/known_options.hpp"

namespace cdc::cli {

namespace {

constexpr std::string_view kTools[] = {"cdc-capture", "cdc-snapshot", "cdc-publish",
                                       "cdc-consume", "cdc-load",     "cdc-verify",
                                       "cdc-lag",     "cdc-query",    "cdc-transform"};

// Read from the sources of all tools when the build is configured.
constexpr std::string_view kOptions[] = {CDC_OPTION_NAMES};

} // namespace

std::span<const std::string_view> known_tools() {
    return kTools;
}

std::span<const std::string_view> known_options() {
    return kOptions;
}

} // namespace cdc::cli
