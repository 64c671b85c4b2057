#ifndef CDC_POSTGRES_CATALOG_HPP
#define CDC_POSTGRES_CATALOG_HPP

#include "postgres/connection.hpp"
#include "postgres/relation.hpp"

namespace cdc::postgres {

/// The answers of a live server, over a plain connection that must outlive the catalog. While a
/// question waits, the connection's on-wait function runs.
class Catalog : public SourceLookup {
public:
    explicit Catalog(Connection& connection) : m_connection{&connection} {}

    void must_show(std::uint32_t xid) override { m_wanted_xid = xid; }
    std::vector<ColumnFacts> describe(const pgoutput::Relation& relation) override;
    std::vector<FetchedValue> fetch(std::string_view schema, std::string_view table,
                                    const std::vector<Condition>& key,
                                    const std::vector<std::string_view>& columns) override;

private:
    void wait_until_visible();

    Connection* m_connection;
    std::uint32_t m_wanted_xid = 0;  ///< 0: none yet
    std::uint32_t m_visible_xid = 0; ///< seen by this session
};

} // namespace cdc::postgres

#endif
