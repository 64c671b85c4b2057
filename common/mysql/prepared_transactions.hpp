#ifndef CDC_MYSQL_PREPARED_TRANSACTIONS_HPP
#define CDC_MYSQL_PREPARED_TRANSACTIONS_HPP

#include "mysql/connection.hpp"

#include <optional>
#include <string>

namespace cdc::mysql {

/// The XA transactions that are prepared and did not end. The log has the rows of such a one from
/// its XA PREPARE on, and a snapshot does not show them before its XA COMMIT.
class PreparedTransactions {
public:
    explicit PreparedTransactions(Connection& plain) : m_plain{&plain} {}

    /// The name of one; nothing: there is none, or it may not be asked, which is said once.
    std::optional<std::string> any();

private:
    Connection* m_plain;
    bool m_may_ask = true;
};

} // namespace cdc::mysql

#endif
