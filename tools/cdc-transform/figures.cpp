#include "cdc-transform/figures.hpp"

#include <fmt/format.h>

namespace cdc::transform {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_transform"} {
    publish(options);
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} rows of views, {} cuts not acknowledged",
                       number(changes), rate(changes), number(rows), number(waiting));
}

} // namespace cdc::transform
