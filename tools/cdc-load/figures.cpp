#include "cdc-load/figures.hpp"

#include <fmt/format.h>

namespace cdc::load {

Figures::Figures(const cli::MetricsOptions& options) : cli::Figures{"cdc_load"} {
    publish(options);
}

std::string Figures::line() {
    return fmt::format("{} changes, {}, {} rows stored{}", number(changes), rate(changes),
                       number(rows), ago("durable up to", checkpoint_time));
}

} // namespace cdc::load
