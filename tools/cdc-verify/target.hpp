#ifndef CDC_VERIFY_TARGET_HPP
#define CDC_VERIFY_TARGET_HPP

#include "cdc-verify/sides.hpp"
#include "clickhouse/target_state.hpp"
#include "clickhouse/transport.hpp"
#include "event/order.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::verify {

/// SQL of the hashes that rows.hpp defines.
std::string row_hash_sql(const Table& table);
std::string key_hash_sql(const Table& table);

/// One text of a value as SQL of ClickHouse, of the column's type.
std::string target_literal(const Column& column, const Value& value);

/// Reads tables of ClickHouse. One request at a time. Throws ServerError.
class Target : public TargetSide {
public:
    Target(const std::string& url, const std::string& chdb_library);

    clickhouse::Transport& transport() { return *m_transport; }

    struct ExistingColumn {
        std::string name;
        std::string type;
        bool key = false;
        std::string stored; ///< the same; of a raw table, where `name` is the source's
    };
    struct ExistingTable {
        std::vector<ExistingColumn> columns;
        std::string engine;
    };
    /// Of a table or view; no columns where it does not exist. `database` "": the target's.
    ExistingTable existing(const std::string& database, const std::string& table);

    void sums(const Table& table, const Selection& selection, Buckets& out) override;
    Rows rows(const Table& table, const Selection& selection) override;
    std::uint64_t count(const Table& table) override;
    event::Order barrier(const Table& table) override;
    std::vector<event::Order> versions_above(const Table& table,
                                             const std::vector<std::string>& keys,
                                             event::Order order) override;
    /// Images of the keys whose rows have a version above `order`, those of deleted rows too.
    std::vector<std::string> keys_above(const Table& table, event::Order order);
    /// Deletes the rows of these keys and versions; gives how many there were.
    std::uint64_t remove_versions(const Table& table, const std::vector<std::string>& keys,
                                  const std::vector<event::Order>& versions);

private:
    std::string from(const Table& table, const std::string& condition,
                     const Selection& selection = {}) const;
    std::string condition(const Table& table, const Selection& selection) const;

    std::unique_ptr<clickhouse::Transport> m_transport;
};

} // namespace cdc::verify

#endif
