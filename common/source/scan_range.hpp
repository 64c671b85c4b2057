#ifndef CDC_SOURCE_SCAN_RANGE_HPP
#define CDC_SOURCE_SCAN_RANGE_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdc::source {

/// A part of a table that is read whole.
struct ScanRange {
    enum class Kind {
        whole,
        pages, ///< physical pages [first_page, end_page): only within one lock on the table
        keys,  ///< keys in (after, until], in the order of the index
    } kind = Kind::whole;
    std::uint64_t first_page = 0;
    std::optional<std::uint64_t> end_page; ///< none: to the end, wherever that is
    std::vector<std::string> after;        ///< a value for each key column; empty: from the start
    std::vector<std::string> until;        ///< empty: to the end
};

} // namespace cdc::source

#endif
