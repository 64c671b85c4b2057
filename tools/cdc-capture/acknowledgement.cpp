#include "cdc-capture/acknowledgement.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Lsn;

namespace {

Lsn position_of(const std::string& path, const event::Checkpoint& checkpoint) {
    const auto position = postgres::parse_lsn(checkpoint.position);
    if (!position) {
        fail(ExitCode::bad_data, "checkpoint file {} has a broken position {}", in_quotes(path),
             in_quotes(checkpoint.position));
    }
    return *position;
}

} // namespace

Acknowledgement::Acknowledgement(const std::vector<std::string>& files, bool on_write,
                                 const std::string& slot)
    : m_files{files,
              [slot](const std::string& path, const event::Checkpoint& checkpoint) {
                  checkpoints::check_kind(path, checkpoint, {"postgres"});
                  checkpoints::check_slot(path, checkpoint, slot);
                  position_of(path, checkpoint);
              }},
      m_on_write{on_write} {
    find_lowest();
    m_last_emitted = m_lowest_position;
}

void Acknowledgement::poll_files() {
    if (m_files.poll()) {
        find_lowest();
    }
}

/// What is confirmed is an LSN, of whatever timeline. At one position a file whose snapshot is not
/// done holds less.
void Acknowledgement::find_lowest() {
    const auto rank = [](const checkpoints::Watch::File& file) {
        return file.checkpoint ? std::pair{position_of(file.path(), *file.checkpoint),
                                           file.checkpoint->snapshot.is_null() ||
                                               file.checkpoint->snapshot == "done"}
                               : std::pair{Lsn{0}, false};
    };
    const auto& files = m_files.files();
    const auto lowest =
        std::min_element(files.begin(), files.end(),
                         [rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    if (lowest != files.end()) {
        m_lowest = lowest->checkpoint;
        m_lowest_position = rank(*lowest).first;
        m_lowest_file = lowest->path();
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
    return m_on_write ? m_pending.empty() : m_files.none() || position() >= m_last_emitted;
}

} // namespace cdc::capture
