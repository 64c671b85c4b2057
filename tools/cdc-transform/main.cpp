#include "cdc-transform/options.hpp"
#include "cdc-transform/run.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-transform",
                      "Keeps SQL views current: lines from stdin, lines to stdout"};
    cdc::transform::Options options;
    cdc::transform::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::transform::check_options(options); },
        [&] { return cdc::transform::run(options); });
}
