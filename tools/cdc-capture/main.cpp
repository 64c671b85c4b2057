#include "cdc-capture/options.hpp"
#include "cdc-capture/run.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-capture",
                      "Streams every committed change of PostgreSQL, MySQL or MariaDB"};
    cdc::capture::Options options;
    cdc::capture::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::capture::check_options(options); },
        [&] { return cdc::capture::run(options); });
}
