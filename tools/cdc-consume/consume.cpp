#include "cdc-consume/consume.hpp"

#include "base/error.hpp"
#include "cdc-consume/session.hpp"

namespace cdc::consume {

int run(const Options& options) {
    Session session{options};
    session.run();
    return static_cast<int>(base::ExitCode::ok);
}

} // namespace cdc::consume
