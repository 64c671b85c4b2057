#include "cdc-lag/options.hpp"
#include "cdc-lag/run.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-lag", "Says how far behind each hop of a pipe is"};
    cdc::lag::Options options;
    cdc::lag::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::lag::check_options(options); },
        [&] { return cdc::lag::run(options); });
}
