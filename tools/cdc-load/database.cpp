#include "cdc-load/database.hpp"

#include "base/log.hpp"
#include "clickhouse/http.hpp"
#include "clickhouse/identifier.hpp"
#include "clickhouse/retry.hpp"

namespace cdc::load {

namespace {

constexpr int kUnknownDatabase = 81;

} // namespace

void ensure_database(clickhouse::Transport& transport, const Options& options,
                     const clickhouse::TransportOptions& transport_options) {
    if (options.target.rfind("chdb:", 0) == 0) {
        return; // it is a folder
    }
    clickhouse::with_retry({options.retry_ms, clickhouse::kFirstContactMs}, [&] {
        try {
            transport.query("SELECT 1", "TabSeparated");
        } catch (const clickhouse::ServerError& error) {
            if (error.server_code() != kUnknownDatabase) {
                throw;
            }
            clickhouse::HttpUrl url = clickhouse::parse_http_url(options.target);
            const std::string name = url.database;
            url.database = "default";
            clickhouse::Http server{url, transport_options};
            server.execute(fmt::format("CREATE DATABASE IF NOT EXISTS {}{}",
                                       clickhouse::quote_identifier(name),
                                       options.layout.on_cluster()));
            base::log::info("made database {}", base::in_quotes(name));
        }
    });
}

} // namespace cdc::load
