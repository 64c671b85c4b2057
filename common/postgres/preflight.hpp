#ifndef CDC_POSTGRES_PREFLIGHT_HPP
#define CDC_POSTGRES_PREFLIGHT_HPP

#include "event/table_filter.hpp"
#include "postgres/connection.hpp"

#include <string>
#include <vector>

namespace cdc::postgres {

/// One thing that was looked at before anything is touched.
struct Finding {
    enum class Level {
        good,
        warning, ///< works, but somebody should know
        problem, ///< capture cannot work, or would harm the application
        lost,    ///< the slot is there, and the log it needs is not
    } level = Level::good;
    std::string subject; ///< "tables"
    std::string text;
    std::string remedy; ///< what to run; empty where nothing helps
};

struct PreflightQuestion {
    std::string source; ///< for a replication connection of its own
    std::string slot;
    std::string publication;
    event::TableFilter filter;
    bool allow_no_identity = false;
    bool makes_publication = true; ///< where it is missing: --create, or --check before it
    /// Column lists and row filters that make UPDATE and DELETE fail are a problem, no warning.
    bool refuses_lists = false;
    std::string added_to{}; ///< the publication that tables without one are to join; "": none
};

/// Looks at settings, rights, tables, publication and slot. Changes nothing, and takes no lock that
/// anybody waits for. Throws ServerError
/// when it cannot look.
std::vector<Finding> preflight(Connection& plain, const PreflightQuestion& question);

/// Throws Error (refused) where row security hides rows of a captured table from the role: what is
/// read beside the stream would be missing.
void check_row_security(Connection& plain, const std::string& publication,
                        const event::TableFilter& filter);

/// Warns of tables on which UPDATE and DELETE fail, for the publication's column list or row filter
/// does not go with their replica identity.
void tell_of_lists(Connection& plain, const std::string& publication,
                   const event::TableFilter& filter);

/// Speaks of what is wrong, and of the rest too with `everything`. Gives the exit code: ok, refused
/// or position_lost.
base::ExitCode report(const std::vector<Finding>& findings, bool everything);

} // namespace cdc::postgres

#endif
