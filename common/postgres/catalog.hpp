#ifndef CDC_POSTGRES_CATALOG_HPP
#define CDC_POSTGRES_CATALOG_HPP

#include "postgres/connection.hpp"
#include "postgres/relation.hpp"
#include "postgres/row_lookup.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cdc::postgres {

/// The answers of a live server, over a plain connection that must outlive the catalog. While a
/// question waits, the connection's on-wait function runs.
class Catalog : public SourceLookup {
public:
    using Relations = std::span<const pgoutput::Relation>;
    /// What a type and its modifier say of columns.
    struct Type {
        ColumnFacts facts;
        std::string layout;
    };
    using Types = std::map<std::pair<std::uint32_t, std::int32_t>, Type>;

    /// `encoding` of the values of all columns that it describes. `slot` of the stream whose tables
    /// it describes; "": what it describes is as the connection's transaction sees it.
    explicit Catalog(Connection& connection, Encoding encoding = Encoding::exact,
                     std::string slot = {})
        : m_connection{&connection}, m_encoding{encoding}, m_slot{std::move(slot)} {}

    void must_show(std::uint32_t xid) override { m_wanted_xid = xid; }
    std::vector<ColumnFacts> describe(const pgoutput::Relation& relation) override;
    std::optional<NameNow> name_of(std::uint32_t table) override;
    /// describe() of many tables at a few questions; `take` has the number of each.
    void describe_each(Relations relations,
                       const std::function<void(std::size_t, std::vector<ColumnFacts>)>& take);
    void passed(const std::shared_ptr<const FactsLook>& facts, const LookMoment* moment) override;
    std::vector<FetchedValue> fetch(std::uint32_t table, const std::vector<Condition>& key,
                                    const std::vector<std::string_view>& columns) override;

private:
    void wait_until_visible();
    std::vector<FetchedValue> fetch_visible(std::uint32_t table, const std::vector<Condition>& key,
                                            const std::vector<std::string_view>& columns);
    bool usual_money();
    Result ask(const std::string& sql, const std::vector<std::string>& parameters);
    Types describe_types(Relations relations);
    void describe_portion(Relations relations,
                          const std::function<void(std::size_t, std::vector<ColumnFacts>)>& take);
    static void describe_columns(const pgoutput::Relation& relation,
                                 std::vector<ColumnFacts>& facts,
                                 const std::vector<std::string>& layouts, const Result& result,
                                 int first, int end);
    void describe_key(const pgoutput::Relation& relation, std::vector<ColumnFacts>& facts,
                      const Result& result, int row) const;
    bool was_seen(std::uint32_t table, std::uint32_t constraint) const;
    std::string horizon() const;
    std::string own() const;
    const char* all_certain() const { return m_slot.empty() ? "t" : "f"; }

    Connection* m_connection;
    Encoding m_encoding;
    std::string m_slot;
    std::shared_ptr<const FactsLook> m_seen; ///< what a look that the stream has passed found
    std::string m_horizon;                   ///< LookMoment::running of the last of them
    std::uint32_t m_wanted_xid = 0;          ///< 0: none yet
    std::uint32_t m_visible_xid = 0;         ///< seen by this session
    std::optional<bool> m_usual_money;
    bool m_locks_limited = false;
    RowLookup m_rows; ///< of the table that was fetched from last
};

} // namespace cdc::postgres

#endif
