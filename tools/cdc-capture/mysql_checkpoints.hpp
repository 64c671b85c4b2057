#ifndef CDC_CAPTURE_MYSQL_CHECKPOINTS_HPP
#define CDC_CAPTURE_MYSQL_CHECKPOINTS_HPP

#include "event/checkpoint.hpp"
#include "event/order.hpp"
#include "io/atomic_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdc::capture {

/// The checkpoint files of a MySQL or MariaDB source: where to begin, and how far the last stages
/// are. Nothing of it is told to the server, which keeps its log by time.
class MysqlCheckpoints {
public:
    /// Reads the files. Throws Error (bad_data: one is not a checkpoint file; refused: one belongs
    /// to another kind of source).
    explicit MysqlCheckpoints(const std::vector<std::string>& files);

    /// The lowest checkpoint; nothing when a file is missing or there are no files.
    const std::optional<event::Checkpoint>& lowest() const { return m_lowest; }
    const std::string& lowest_file() const { return m_lowest_file; }
    bool has_files() const { return !m_files.empty(); }

    /// Looks whether the files changed.
    void poll();
    /// Whether all files hold a checkpoint of at least this order.
    bool reached(event::Order order) const;

private:
    struct File {
        io::FileWatch watch;
        std::optional<event::Checkpoint> checkpoint;
    };
    void find_lowest();

    std::vector<File> m_files;
    std::optional<event::Checkpoint> m_lowest;
    std::string m_lowest_file;
};

} // namespace cdc::capture

#endif
