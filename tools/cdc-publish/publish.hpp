#ifndef CDC_PUBLISH_PUBLISH_HPP
#define CDC_PUBLISH_PUBLISH_HPP

#include "cdc-publish/options.hpp"

namespace cdc::publish {

/// Sends stdin to Kafka until it ends; an exit code. Throws Error.
int run(const Options& options);

} // namespace cdc::publish

#endif
