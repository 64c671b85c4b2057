#ifndef CDC_POSTGRES_CATALOG_HPP
#define CDC_POSTGRES_CATALOG_HPP

#include "postgres/connection.hpp"
#include "postgres/relation.hpp"
#include "postgres/row_lookup.hpp"

#include <optional>

namespace cdc::postgres {

/// The answers of a live server, over a plain connection that must outlive the catalog. While a
/// question waits, the connection's on-wait function runs.
class Catalog : public SourceLookup {
public:
    /// `encoding` of the values of all columns that it describes.
    explicit Catalog(Connection& connection, Encoding encoding = Encoding::exact)
        : m_connection{&connection}, m_encoding{encoding} {}

    void must_show(std::uint32_t xid) override { m_wanted_xid = xid; }
    std::vector<ColumnFacts> describe(const pgoutput::Relation& relation) override;
    std::vector<FetchedValue> fetch(std::uint32_t table, const std::vector<Condition>& key,
                                    const std::vector<std::string_view>& columns) override;

private:
    void wait_until_visible();
    std::vector<FetchedValue> fetch_visible(std::uint32_t table, const std::vector<Condition>& key,
                                            const std::vector<std::string_view>& columns);
    bool usual_money();

    Connection* m_connection;
    Encoding m_encoding;
    std::uint32_t m_wanted_xid = 0;  ///< 0: none yet
    std::uint32_t m_visible_xid = 0; ///< seen by this session
    std::optional<bool> m_usual_money;
    bool m_locks_limited = false;
    RowLookup m_rows; ///< of the table that was fetched from last
};

} // namespace cdc::postgres

#endif
