#ifndef CDC_LOAD_DEAD_LETTERS_HPP
#define CDC_LOAD_DEAD_LETTERS_HPP

#include "base/error.hpp"
#include "cdc-load/figures.hpp"
#include "cdc-load/options.hpp"
#include "cdc-load/table_loader.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdc::load {

/// The dead-letter file. In front of a table's first line, and of the first of each of its shapes,
/// stands the table line, so that the file can be replayed by itself.
class DeadLetters {
public:
    DeadLetters(const Options& options, Figures& figures)
        : m_options{options}, m_figures{figures} {}

    /// A line that cannot be loaded, which is said. `table` nullptr: it is not known.
    void add(const TableLoader* table, std::uint64_t line_number, std::string_view line,
             const base::Error& error);
    /// A line behind one of the same key: said once, with their number.
    void add_follower(const TableLoader& table, std::uint64_t line_number, std::string_view line,
                      const base::Error& error);
    /// Makes what was added durable. Throws Error (failed).
    void write();

    std::uint64_t count() const { return m_written; } ///< of durable ones

private:
    void append(const TableLoader* table, std::uint64_t line_number, std::string_view line,
                const base::Error& error);

    const Options& m_options;
    Figures& m_figures;
    std::string m_text;                                             ///< lines to write
    std::vector<std::string> m_said;                                ///< what is said when they are
    std::unordered_map<const TableLoader*, std::string> m_versions; ///< of written table lines
    std::uint64_t m_added = 0;
    std::uint64_t m_followers = 0;
    std::uint64_t m_written = 0;
};

} // namespace cdc::load

#endif
