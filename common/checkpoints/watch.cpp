#include "checkpoints/watch.hpp"

#include "base/error.hpp"
#include "checkpoints/file.hpp"

#include <algorithm>
#include <utility>

namespace cdc::checkpoints {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

const std::optional<event::Checkpoint> g_nothing;
const std::string g_no_path;

/// At one order a file whose snapshot is not done holds less.
std::pair<event::Order, bool> rank(const Watch::File& file) {
    if (!file.checkpoint) {
        return {};
    }
    const nlohmann::ordered_json& snapshot = file.checkpoint->snapshot;
    return {file.checkpoint->order, snapshot.is_null() || snapshot == "done"};
}

} // namespace

Watch::Watch(const std::vector<std::string>& paths, Check check) : m_check{std::move(check)} {
    for (const std::string& path : paths) {
        m_files.push_back({io::FileWatch{path}, {}});
    }
    poll();
}

bool Watch::poll() {
    bool changed = false;
    for (File& file : m_files) {
        if (!file.watch.changed()) {
            continue;
        }
        changed = true;
        file.checkpoint = read(file.path());
        if (file.checkpoint && m_check) {
            m_check(file.path(), *file.checkpoint);
        }
    }
    return changed;
}

const Watch::File* Watch::lowest_file() const {
    const auto lowest =
        std::min_element(m_files.begin(), m_files.end(),
                         [](const File& a, const File& b) { return rank(a) < rank(b); });
    return lowest == m_files.end() ? nullptr : &*lowest;
}

const std::optional<event::Checkpoint>& Watch::lowest() const {
    const File* file = lowest_file();
    return file == nullptr ? g_nothing : file->checkpoint;
}

const std::string& Watch::lowest_path() const {
    const File* file = lowest_file();
    return file == nullptr ? g_no_path : file->path();
}

const std::string& Watch::any_path() const {
    const auto found = std::find_if(m_files.begin(), m_files.end(),
                                    [](const File& file) { return file.checkpoint.has_value(); });
    return found == m_files.end() ? g_no_path : found->path();
}

bool Watch::reached(event::Order order) const {
    return std::all_of(m_files.begin(), m_files.end(), [order](const File& file) {
        return file.checkpoint && file.checkpoint->order >= order;
    });
}

void check_kind(const std::string& path, const event::Checkpoint& checkpoint,
                std::initializer_list<std::string_view> kinds) {
    if (std::find(kinds.begin(), kinds.end(), checkpoint.kind) == kinds.end()) {
        fail(ExitCode::refused, "checkpoint file {} belongs to a source of kind {}",
             in_quotes(path), in_quotes(checkpoint.kind));
    }
}

void check_slot(const std::string& path, const event::Checkpoint& checkpoint,
                const std::string& slot, std::string hint) {
    if (checkpoint.slot != slot) {
        throw Error{ExitCode::refused,
                    fmt::format("checkpoint file {} belongs to slot {}, not to {}", in_quotes(path),
                                in_quotes(checkpoint.slot), in_quotes(slot)),
                    std::move(hint)};
    }
}

void check_order(const std::string& path, const event::Checkpoint& checkpoint,
                 event::Order of_position) {
    if (checkpoint.order > of_position) {
        throw Error{
            ExitCode::refused,
            fmt::format(
                "checkpoint file {} contradicts itself: its order {} lies above {}, that of "
                "its position {}",
                in_quotes(path), checkpoint.order.text(), of_position.text(), checkpoint.position),
            "Put back the file as the last stage wrote it; where only the order was changed, write "
            "that of the position. Else read the tables again with a snapshot, then begin with a "
            "new checkpoint file."};
    }
}

} // namespace cdc::checkpoints
