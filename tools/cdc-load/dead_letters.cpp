#include "cdc-load/dead_letters.hpp"

#include "base/log.hpp"
#include "event/dead_letter.hpp"

namespace cdc::load {

void DeadLetters::append(const TableLoader* table, std::uint64_t line_number, std::string_view line,
                         const base::Error& error) {
    if (table != nullptr && m_versions[table] != table->version() && !table->table_line.empty()) {
        m_text += table->table_line + '\n';
        m_versions[table] = table->version();
    }
    m_text += event::dead_letter_line(error, "cdc-load", line_number, {}, line);
    m_text += '\n';
    ++m_added;
}

void DeadLetters::add(const TableLoader* table, std::uint64_t line_number, std::string_view line,
                      const base::Error& error) {
    m_said.push_back(fmt::format("line {}: {}; it goes to {}", line_number, error.what(),
                                 base::in_quotes(m_options.dead_letter)));
    append(table, line_number, line, error);
}

void DeadLetters::add_follower(const TableLoader& table, std::uint64_t line_number,
                               std::string_view line, const base::Error& error) {
    append(&table, line_number, line, error);
    ++m_followers;
}

void DeadLetters::write() {
    if (m_text.empty()) {
        return;
    }
    m_text.pop_back(); // the maker adds it again
    event::append_dead_letter(m_options.dead_letter, std::move(m_text));
    m_text.clear();
    for (const std::string& text : m_said) {
        base::log::warning("{}", text);
    }
    m_said.clear();
    if (m_followers > 0) {
        base::log::warning("{} lines of parked keys go to {}", m_followers,
                           base::in_quotes(m_options.dead_letter));
    }
    m_figures.dead_letters.add(static_cast<std::int64_t>(m_added));
    m_written += m_added;
    m_added = m_followers = 0;
}

} // namespace cdc::load
