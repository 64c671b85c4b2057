#include "cdc-load/load.hpp"
#include "cdc-load/options.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-load", "Loads lines of cdc-event(5) from stdin into ClickHouse"};
    cdc::load::Options options;
    cdc::load::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::load::check_options(options); },
        [&] { return cdc::load::run(options); });
}
