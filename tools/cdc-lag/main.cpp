#include "cdc-lag/options.hpp"
#include "cdc-lag/run.hpp"
#include "cli/app.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

int main(int argc, char** argv) {
#ifdef __GLIBC__
    // What a look reads from Kafka goes back to the system behind it: kept for the next look, it
    // grows with every backlog there ever was.
    constexpr int kOwnMapping = 64 << 10;
    ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
#endif
    cdc::cli::App app{"cdc-lag", "Says how far behind each hop of a pipe is"};
    cdc::lag::Options options;
    cdc::lag::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::lag::check_options(options); },
        [&] { return cdc::lag::run(options); });
}
