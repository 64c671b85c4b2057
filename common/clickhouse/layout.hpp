#ifndef CDC_CLICKHOUSE_LAYOUT_HPP
#define CDC_CLICKHOUSE_LAYOUT_HPP

#include "event/table.hpp"

#include <string>
#include <string_view>

namespace cdc::clickhouse {

enum class Mode {
    replace, ///< the highest change of a key counts
    history, ///< a row for each operation
};

/// How all tables of a target are made: the mode, and the names of what is not the source's.
struct Layout {
    Mode mode = Mode::replace;

    // Templates: {db}, {schema}, {table} of the source; but in `table` also {name}, which is what
    // `table` gives.
    std::string table{"{table}"};
    std::string raw; ///< "": {name}_raw, or {name}_history
    std::string view{"{name}"};
    std::string pending{"{name}_pending"};

    /// Of ON CLUSTER: every table is made on all its servers, replicated, and rows lie in the shard
    /// of their key. "": one server.
    std::string cluster;

    // Columns.
    std::string version{"_version"};
    std::string deleted{"_deleted"};
    std::string row{"_row"};
    std::string sign{"_sign"};
    std::string operation{"operation_type"};
    std::string source_time{"_source_ts_ms"};
    std::string synced_at{"_synced_at"};

    bool history() const { return mode == Mode::history; }
    bool clustered() const { return !cluster.empty(); }
    /// " ON CLUSTER `name`", or nothing.
    std::string on_cluster() const;
    /// Whether a column of a raw table is not the source's.
    bool is_own(std::string_view column) const;
};

/// All that stands in a target for one source table. `layout` must outlive it.
struct Target {
    /// The default layout; for those who know the name only.
    Target(std::string_view table_name);
    Target(const char* table_name) : Target{std::string_view{table_name}} {}
    Target(const Layout& layout, const event::Table& source);
    /// With the source's names as they are, as older versions stored them (stored_name.hpp).
    static Target with_plain_names(const Layout& layout, const event::Table& source);

    const Layout* layout;
    std::string name; ///< in `_cdc_state`, and of the view unless it has its own
    std::string raw;
    std::string view;
    std::string pending;
    /// Where the rows are: `raw`, or on a cluster `raw`_local, which `raw` stands for on all
    /// shards.
    std::string stored;

    const Layout& own() const { return *layout; }

private:
    Target(const Layout& layout, const event::Table& source, bool plain);
};

/// Mode and names as they are kept in `_cdc_state`; "" for those of the default layout. A target
/// that was made with others must not be loaded.
std::string layout_json(const Target& target);
/// The inverse, for those who look at a target: fills `layout`, which must outlive what is given.
/// Throws Error (bad_data) when the text is not of layout_json().
Target stored_target(std::string_view table_name, std::string_view json, Layout& layout);

} // namespace cdc::clickhouse

#endif
