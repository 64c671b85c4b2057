#ifndef CDC_SNAPSHOT_PROGRESS_HPP
#define CDC_SNAPSHOT_PROGRESS_HPP

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::snapshot {

/// What an unfinished snapshot needs to go on; member `snapshot` of a checkpoint. Files of users
/// hold it: do not rename.
///
///     {"seq":7,"tables":[
///       {"schema":"public","table":"orders","oid":16402,"shape":"9f3c…","rows":200000,"done":true},
///       {"schema":"public","table":"items","oid":16409,"shape":"77a0…","rows":300000,
///        "order":"0001…","key":["id"],"after":["300000"]}]}
///
/// A table that is not listed, was made anew under the same name, or has another shape by now, is
/// read from its start. Files of the first version have no shape: it is taken as the same.
struct Progress {
    struct Table {
        std::string schema;
        std::string table;
        std::uint32_t oid = 0;
        std::string shape;      ///< shape_of() when it was read; "": not known
        std::uint64_t rows = 0; ///< read so far
        bool done = false;
        /// Read by key up to here, in the server's text; empty unless there is such progress.
        std::vector<std::string> after;
        std::vector<std::string> key; ///< columns of `after`
        std::string order;            ///< of the begin line, which the end line repeats
    };
    std::uint64_t seq = 0; ///< rises from line to line, over restarts too
    std::vector<Table> tables;

    nlohmann::ordered_json encode() const;
    const Table* find(std::string_view schema, std::string_view table, std::uint32_t oid) const;
};

/// A short form of postgres::ScanTable::mark: another one means that rows may have come or gone
/// without change lines, as by ATTACH PARTITION.
std::string shape_of(std::string_view mark);

/// Throws Error (bad_data) that begins with `where`.
Progress parse_progress(const nlohmann::ordered_json& member, std::string_view where);

} // namespace cdc::snapshot

#endif
