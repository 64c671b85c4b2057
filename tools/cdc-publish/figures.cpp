#include "cdc-publish/figures.hpp"

#include <fmt/format.h>

namespace cdc::publish {

Figures::Figures(const std::string& destination) : cli::Figures{"cdc_publish"} {
    publish(destination);
}

std::string Figures::line() {
    return fmt::format("{} lines, {}, {} records in Kafka, {} on the way{}", number(lines),
                       rate(lines), number(records), number(waiting),
                       ago("durable up to", checkpoint_time));
}

} // namespace cdc::publish
