#include "cdc-capture/acknowledgement.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Lsn;

Acknowledgement::Acknowledgement(const std::vector<std::string>& files, bool on_write,
                                 std::string slot)
    : m_on_write{on_write}, m_slot{std::move(slot)} {
    for (const std::string& path : files) {
        m_files.push_back({io::FileWatch{path}, {}, 0});
    }
    poll_files();
    if (has_files()) {
        find_lowest();
    }
    m_last_emitted = m_lowest_position;
}

void Acknowledgement::read(File& file) {
    const std::string& path = file.watch.path();
    file.checkpoint = event::read_checkpoint_file(path);
    file.position = 0;
    if (!file.checkpoint) {
        return;
    }
    const event::Checkpoint& checkpoint = *file.checkpoint;
    if (checkpoint.kind != "postgres") {
        fail(ExitCode::refused, "checkpoint file {} belongs to a source of kind {}",
             in_quotes(path), in_quotes(checkpoint.kind));
    }
    if (checkpoint.slot != m_slot) {
        fail(ExitCode::refused, "checkpoint file {} belongs to slot {}, not to {}", in_quotes(path),
             in_quotes(checkpoint.slot), in_quotes(m_slot));
    }
    const auto position = postgres::parse_lsn(checkpoint.position);
    if (!position) {
        fail(ExitCode::bad_data, "checkpoint file {} has a broken position {}", in_quotes(path),
             in_quotes(checkpoint.position));
    }
    file.position = *position;
}

void Acknowledgement::poll_files() {
    bool changed = false;
    for (File& file : m_files) {
        if (file.watch.changed()) {
            read(file);
            changed = true;
        }
    }
    if (changed) {
        find_lowest();
    }
}

void Acknowledgement::find_lowest() {
    // At one position a file whose snapshot is not done holds less.
    const auto rank = [](const File& file) {
        return std::pair{file.position, file.checkpoint && (file.checkpoint->snapshot.is_null() ||
                                                            file.checkpoint->snapshot == "done")};
    };
    const auto lowest =
        std::min_element(m_files.begin(), m_files.end(),
                         [rank](const File& a, const File& b) { return rank(a) < rank(b); });
    m_lowest = lowest->checkpoint;
    m_lowest_position = lowest->position;
    m_lowest_file = lowest->watch.path();
    for (const File& file : m_files) {
        if (file.checkpoint) {
            m_any_file = file.watch.path();
        }
    }
}

void Acknowledgement::emitted(Lsn position, std::uint64_t bytes) {
    m_last_emitted = std::max(m_last_emitted, position);
    if (m_on_write) {
        m_pending.push_back({position, bytes});
    }
}

void Acknowledgement::written(std::uint64_t bytes) {
    while (!m_pending.empty() && m_pending.front().bytes <= bytes) {
        m_written = std::max(m_written, m_pending.front().position);
        m_pending.pop_front();
    }
}

Lsn Acknowledgement::position() const {
    // A file can only be ahead of us when something else writes it too.
    return std::min(m_on_write ? m_written : m_lowest_position, m_last_emitted);
}

bool Acknowledgement::complete() const {
    return m_on_write ? m_pending.empty() : m_files.empty() || position() >= m_last_emitted;
}

} // namespace cdc::capture
