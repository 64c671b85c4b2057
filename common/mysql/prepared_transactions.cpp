#include "mysql/prepared_transactions.hpp"

#include "base/log.hpp"
#include "mysql/server.hpp"

namespace cdc::mysql {

std::optional<std::string> PreparedTransactions::any() {
    constexpr unsigned kXaRightMissing = 1401;
    if (!m_may_ask) {
        return std::nullopt;
    }
    try {
        const auto prepared = m_plain->query(m_plain->is_mariadb() ? "XA RECOVER FORMAT='SQL'"
                                                                   : "XA RECOVER CONVERT XID");
        return prepared.empty() ? std::nullopt : std::optional{prepared[0].back().value_or("")};
    } catch (const ServerError& error) {
        if (!is_right_missing(error) && error.number() != kXaRightMissing) {
            throw;
        }
        m_may_ask = false;
        base::log::warning("whether XA transactions are prepared is not known: {}; rows of one "
                           "that is committed after this moment are missing (grant "
                           "XA_RECOVER_ADMIN where XA is used)",
                           error.what());
        return std::nullopt;
    }
}

} // namespace cdc::mysql
