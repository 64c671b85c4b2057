#include "cdc-consume/consume.hpp"
#include "cdc-consume/options.hpp"
#include "cli/app.hpp"

int main(int argc, char** argv) {
    cdc::cli::App app{"cdc-consume", "Reads Kafka topics into lines of cdc-event(5) on stdout"};
    cdc::consume::Options options;
    cdc::consume::add_options(app, options);
    return app.run(
        argc, argv, [&] { cdc::consume::check(options); },
        [&] { return cdc::consume::run(options); });
}
