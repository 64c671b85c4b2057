#include "cdc-query/options.hpp"
#include "cdc-query/query.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-query",
                      "Ask the target of cdc-load: one statement of SQL, its rows on stdout."};
    cdc::query::Options options;
    cdc::query::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::query::check_options(options); },
        [&] { return cdc::query::run(options); });
}
