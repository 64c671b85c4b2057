#include "cdc-publish/options.hpp"
#include "cdc-publish/publish.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-publish", "Publishes lines of cdc-event(5) from stdin to Kafka topics"};
    cdc::publish::Options options;
    cdc::publish::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::publish::check(options); },
        [&] { return cdc::publish::run(options); });
}
