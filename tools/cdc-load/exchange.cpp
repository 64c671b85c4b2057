#include "cdc-load/exchange.hpp"

#include "base/log.hpp"

namespace cdc::load {

namespace {

constexpr int kExchanges = 5;

} // namespace

void execute(clickhouse::Transport& transport, const std::string& sql) {
    base::log::debug("{}", sql);
    transport.execute(sql);
}

bool exchange(clickhouse::Transport& transport, const std::string& sql,
              const std::function<bool()>& done) {
    for (int i = 0; i < kExchanges; ++i) {
        if (done()) {
            return true;
        }
        execute(transport, sql);
    }
    return done();
}

} // namespace cdc::load
