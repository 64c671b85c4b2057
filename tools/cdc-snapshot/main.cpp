#include "cdc-snapshot/options.hpp"
#include "cdc-snapshot/run.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-snapshot", "Reads the rows of tables as they stand at a log position"};
    cdc::snapshot::Options options;
    cdc::snapshot::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::snapshot::check_options(options); },
        [&] { return cdc::snapshot::run(options); });
}
