#ifndef CDC_VERIFY_ACTIVITY_HPP
#define CDC_VERIFY_ACTIVITY_HPP

#include "cli/progress.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace cdc::verify {

/// What is being done, as one line on a terminal. Safe from several threads.
class Activity {
public:
    /// Table `number` of `of`, counted from 1.
    void begin_table(const std::string& name, std::size_t number, std::size_t of);
    void set_rows(std::int64_t rows); ///< about how many it has; -1: not known
    /// "waiting" and for what.
    void set_step(const std::string& step, const std::string& detail = {});
    void add_rows(std::uint64_t rows) { m_done += rows; }
    /// Cheap: the line is only made when it is due.
    void show();

private:
    std::string line();

    std::mutex m_mutex;
    cli::Progress m_progress;
    std::string m_table;
    std::string m_step;
    std::string m_detail;
    std::size_t m_number = 0;
    std::size_t m_of = 0;
    std::int64_t m_rows = -1;
    std::int64_t m_step_ms = 0;
    std::atomic<std::uint64_t> m_done = 0;
};

} // namespace cdc::verify

#endif
