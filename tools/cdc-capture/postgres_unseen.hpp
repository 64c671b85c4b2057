#ifndef CDC_CAPTURE_POSTGRES_UNSEEN_HPP
#define CDC_CAPTURE_POSTGRES_UNSEEN_HPP

#include "event/table_filter.hpp"
#include "postgres/looks.hpp"
#include "postgres/pgoutput.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cdc::capture {

/// Tables and partitions of which rows were put out and that no look has shown yet: they may be
/// gone at the next one, or have another name. For a change of a partition the server describes the
/// root, under whose name the change goes, and then the partition. Kept in checkpoints, for the
/// next run.
class Unseen {
public:
    explicit Unseen(const event::TableFilter& filter) : m_filter{&filter} {}

    /// Of a message inside transaction `xid`. `shown`: what was put out of the last look; null:
    /// nothing.
    void take(const postgres::pgoutput::Message& message, const std::string& xid,
              const postgres::FactsLook* shown);

    struct Missing {
        std::vector<event::Facts> gone;                           ///< number and name
        std::map<std::uint32_t, std::vector<std::uint32_t>> lost; ///< by table: see event::Facts
    };
    /// The stream has passed the look: what it does not show, and could see, is missing.
    Missing settle(const postgres::Look& look);

    /// The look that was settled last found the table under a name that the stream has given to
    /// another one since, in a transaction whose commit is in the log before the look's position
    /// and which the look could not see yet. What goes out now must not end that other one's rows.
    bool is_replaced(const event::Facts& facts) const;

    bool empty() const { return m_tables.empty() && m_called.empty(); }
    /// Member of a checkpoint.
    nlohmann::ordered_json json() const;
    void restore(const nlohmann::ordered_json& member);

private:
    struct Table {
        std::string schema;
        std::string name;
        std::string xid;                ///< of the last change that put it here
        std::set<std::uint32_t> leaves; ///< itself, where it is not partitioned
    };
    struct Naming {
        std::uint32_t oid = 0;
        std::string xid; ///< of the transaction in which the stream describes it
    };
    void note_name(const postgres::pgoutput::Relation& relation, const std::string& xid,
                   const postgres::FactsLook* shown);
    void note(std::uint32_t table, std::uint32_t leaf, const std::string& xid,
              const postgres::FactsLook* shown);

    struct Described {
        std::uint32_t id = 0;
        std::string schema;
        std::string name;
    };
    void note_called(const Described& described, const std::string& xid, const event::Facts* known);
    void settle_called(const postgres::Look& look, Missing& missing);

    using Name = std::pair<std::string, std::string>; ///< schema and table

    const event::TableFilter* m_filter;
    std::map<std::uint32_t, Table> m_tables;
    /// By table: names that no look has shown for it and under which changes came, captured or not,
    /// with the transaction of the last one.
    std::map<std::uint32_t, std::map<Name, std::string>> m_called;
    std::vector<Described> m_described; ///< since the last change
    std::map<Name, Naming> m_names;     ///< those that no look has shown so
};

/// Member of a checkpoint.
inline constexpr char kUnseenMember[] = "unseen";

} // namespace cdc::capture

#endif
