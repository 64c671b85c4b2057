#include "cdc-verify/options.hpp"
#include "cdc-verify/run.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-verify", "Says whether ClickHouse holds the rows of its source"};
    cdc::verify::Options options;
    cdc::verify::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::verify::check_options(options); },
        [&] { return cdc::verify::run(options); });
}
