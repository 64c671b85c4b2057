#ifndef CDC_POSTGRES_FACTS_HPP
#define CDC_POSTGRES_FACTS_HPP

#include "event/column_edits.hpp"
#include "event/facts.hpp"
#include "event/table_filter.hpp"
#include "postgres/connection.hpp"
#include "postgres/lsn.hpp"
#include "postgres/pgoutput.hpp"
#include "postgres/value.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What stored rows depend on beside the log, read from the catalog: see event/facts.hpp.
///
/// The queries read columns of catalogs, and call nothing that opens a table: they neither wait for
/// a lock that DDL holds, nor hold one that DDL waits for.
namespace cdc::postgres {

/// Which tables' facts, and in which form.
struct FactsScope {
    std::string publication; ///< "": every table that a publication can have, through its root
    event::TableFilter filter;
    event::ColumnEdits edits;
    Encoding encoding = Encoding::exact;
};

/// When a look was made.
struct LookMoment {
    std::string running; ///< all transactions before this one had ended, and were seen; 64 bits
    std::string next;    ///< first transaction that it could not see, 64 bits
    std::vector<std::string> open; ///< those between that had not ended
    /// What the look could see was committed in the log before this position. It is a position of
    /// the log as it is written, not as it is flushed: a commit can be seen before it is on disk.
    Lsn position = 0;

    /// Whether transaction `xid`, of 32 or 64 bits, had ended and was seen.
    bool could_see(std::string_view xid) const;
};

/// The facts of all captured tables at one moment.
struct FactsLook {
    LookMoment moment;
    std::vector<event::Facts> tables; ///< by number
    std::string digest;
    /// Columns that the scope's edits name, by table and number.
    std::map<std::uint32_t, std::map<int, std::string>> edited{};
};

/// One statement, and so one snapshot: the transaction's, or its own. Throws ServerError, and Error
/// (refused) when there is no such publication.
FactsLook read_facts(Connection& connection, const FactsScope& scope);

/// A text over the row versions that facts are made of: while it is the same, the facts are. Costs
/// a fraction of read_facts().
struct FactsVersion {
    LookMoment moment;
    std::string version;
};
FactsVersion read_facts_version(Connection& connection);

/// The element of an array of one, as the server writes attmissingval: `{"it's"}`.
std::string single_element(std::string_view array);

/// The table as the stream would describe it if a row came: its columns by `facts`, which are none
/// that is left out, and its identity as it is now. Waits for no lock. Nothing: it is gone.
std::optional<pgoutput::OwnedRelation> read_relation(Connection& connection,
                                                     const event::Facts& facts);

/// "1 3"
std::vector<int> parse_numbers(std::string_view text);

/// Null: it was not captured.
const event::Facts* find_table(const FactsLook& look, std::uint32_t oid);

/// A position at the start of a page of the log stands behind the page's header; a stream that has
/// read everything before stands in front of it. `page` is the size of one.
Lsn before_page_header(Lsn position, Lsn page);

} // namespace cdc::postgres

#endif
