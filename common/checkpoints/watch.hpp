#ifndef CDC_CHECKPOINTS_WATCH_HPP
#define CDC_CHECKPOINTS_WATCH_HPP

#include "event/checkpoint.hpp"
#include "event/order.hpp"
#include "io/atomic_file.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::checkpoints {

/// The checkpoint files that the last stages of a pipe write, read again when they change. A pipe
/// may rely on the lowest of them; a file that is missing holds nothing.
class Watch {
public:
    struct File {
        io::FileWatch watch;
        std::optional<event::Checkpoint> checkpoint;

        const std::string& path() const { return watch.path(); }
    };
    /// Throws Error when a file is not of this pipe. Empty: all are.
    using Check = std::function<void(const std::string& path, const event::Checkpoint&)>;

    /// Reads the files. Throws Error (bad_data: one is not a checkpoint file), and what `check`
    /// throws.
    Watch(const std::vector<std::string>& paths, Check check);

    /// Reads what changed. True when something did.
    bool poll();

    bool none() const { return m_files.empty(); }
    const std::vector<File>& files() const { return m_files; }
    /// Of the lowest file; nothing when one is missing or there are no files.
    const std::optional<event::Checkpoint>& lowest() const;
    /// The lowest file, or the one that is missing; "" without files.
    const std::string& lowest_path() const;
    /// A file that holds a checkpoint, whatever the others do; "" when none does.
    const std::string& any_path() const;
    /// Whether all files hold a checkpoint of at least this order; true without files.
    bool reached(event::Order order) const;

private:
    const File* lowest_file() const;

    std::vector<File> m_files;
    Check m_check;
};

/// Throws Error (refused) unless the checkpoint is of a source of one of these kinds.
void check_kind(const std::string& path, const event::Checkpoint& checkpoint,
                std::initializer_list<std::string_view> kinds);

/// Throws Error (refused) unless the checkpoint is of this slot. `hint` as Error has it.
void check_slot(const std::string& path, const event::Checkpoint& checkpoint,
                const std::string& slot, std::string hint = {});

/// Throws Error (refused) where the checkpoint's order is above `of_position`, that of its
/// position: it says that changes are durable which the stream is still to bring.
void check_order(const std::string& path, const event::Checkpoint& checkpoint,
                 event::Order of_position);

} // namespace cdc::checkpoints

#endif
