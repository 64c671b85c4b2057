#include "sources/executed_transactions.hpp"

namespace cdc::sources {

namespace {

constexpr const char* kEmitted = "emitted_gtids"; ///< further while an XA transaction is prepared
constexpr const char* kExecuted = "gtids";

} // namespace

bool ExecutedTransactions::is_member(std::string_view name) {
    return name == kEmitted || name == kExecuted;
}

std::optional<ExecutedTransactions> ExecutedTransactions::of(const event::Checkpoint& checkpoint) {
    const auto text = [&](const char* name) -> std::optional<std::string> {
        const auto found = checkpoint.extra.find(name);
        return found == checkpoint.extra.end() || !found->is_string()
                   ? std::nullopt
                   : std::optional{found->get<std::string>()};
    };
    auto ids = text(kEmitted);
    if (!ids) {
        ids = text(kExecuted);
    }
    if (!ids || (checkpoint.kind != "mysql" && checkpoint.kind != "mariadb")) {
        return std::nullopt;
    }
    ExecutedTransactions out;
    out.m_mariadb = checkpoint.kind == "mariadb";
    if (out.m_mariadb) {
        out.m_list = mysql::MariadbGtidList{*ids};
    } else {
        out.m_set = mysql::GtidSet{*ids};
    }
    return out;
}

bool ExecutedTransactions::contains(const ExecutedTransactions& other) const {
    return m_mariadb ? m_list.contains(other.m_list) : m_set.contains(other.m_set);
}

bool ExecutedTransactions::related(const ExecutedTransactions& other) const {
    return m_mariadb == other.m_mariadb && (m_mariadb || m_set.empty() || other.m_set.empty() ||
                                            !m_set.common(other.m_set).empty());
}

bool ExecutedTransactions::has(std::string_view gtid) const {
    return m_mariadb ? m_list.contains(mysql::MariadbGtidList{gtid})
                     : m_set.contains(mysql::GtidSet{gtid});
}

bool ExecutedTransactions::has_change(std::string_view source) {
    constexpr std::string_view kMember = R"("gtid":")";
    const auto found = source.find(kMember);
    if (found == std::string_view::npos) {
        return false;
    }
    std::string_view gtid = source.substr(found + kMember.size());
    gtid = gtid.substr(0, gtid.find('"'));
    if (gtid != m_last) { // its changes stand together
        m_last = gtid;
        m_last_has = has(gtid);
    }
    return m_last_has;
}

} // namespace cdc::sources
