#ifndef CDC_MYSQL_GTID_SET_HPP
#define CDC_MYSQL_GTID_SET_HPP

#include "mysql/binlog_event.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdc::mysql {

/// Transactions by their global ids: "uuid:1-5:7,uuid:tag:3". As the server's own text has it.
class GtidSet {
public:
    GtidSet() = default;
    /// Throws Error (bad_data).
    explicit GtidSet(std::string_view text);

    /// The form of encode(), which PREVIOUS_GTIDS events have too. Throws Error (bad_data).
    static GtidSet decode(std::string_view bytes);

    void add(const Gtid& gtid);
    void add(const GtidSet& other);
    bool empty() const { return m_intervals.empty(); }
    bool contains(const Gtid& gtid) const;
    bool contains(const GtidSet& other) const;
    /// What is in it and not in `other`.
    GtidSet without(const GtidSet& other) const;
    /// What is in both.
    GtidSet common(const GtidSet& other) const { return without(without(other)); }
    /// Transactions that began on the server with this uuid.
    GtidSet of_server(std::string_view uuid) const;
    std::uint64_t count() const;

    std::string text() const;
    /// For COM_BINLOG_DUMP_GTID: number of sources u64, each 16 bytes (from 8.4 on, where there are
    /// tags, in the form with tags), number of intervals u64, each begin u64 and end u64,
    /// exclusive.
    std::string encode() const;

    friend bool operator==(const GtidSet&, const GtidSet&) = default;

private:
    using Interval = std::pair<std::uint64_t, std::uint64_t>;            ///< first, last
    using Source = std::pair<std::array<std::uint8_t, 16>, std::string>; ///< server, tag
    void add(const Source& source, Interval interval);

    std::map<Source, std::vector<Interval>> m_intervals; ///< sorted, disjoint, not touching
};

/// MariaDB's: the last transaction of each domain, "0-1-7,1-2-40".
class MariadbGtidList {
public:
    MariadbGtidList() = default;
    /// Throws Error (bad_data).
    explicit MariadbGtidList(std::string_view text);
    /// The body of a GTID_LIST event: number of domains u32 (the highest 4 bits are flags), each
    /// domain u32, server u32, sequence u64. Throws Error (bad_data).
    static MariadbGtidList decode(std::string_view body);

    void add(const MariadbGtid& gtid);
    void add(const MariadbGtidList& other);
    bool empty() const { return m_domains.empty(); }
    /// Whether all that `other` names was executed; ids of a domain are executed in their order.
    bool contains(const MariadbGtidList& other) const { return other.without(*this).empty(); }
    /// The domains in which this is further than `other`.
    MariadbGtidList without(const MariadbGtidList& other) const;
    /// Transactions that began on the server with this id.
    MariadbGtidList of_server(std::uint32_t server) const;
    /// Transactions after those of `other`, as far as each domain counts without gaps.
    std::uint64_t count_after(const MariadbGtidList& other) const;
    std::string text() const;

private:
    struct Last {
        std::uint32_t server = 0;
        std::uint64_t sequence = 0;
    };
    std::map<std::uint32_t, Last> m_domains;
};

/// Whether the text is a set of MySQL's or of MariaDB's, and not an empty one.
bool is_gtid_set(std::string_view text);

} // namespace cdc::mysql

#endif
