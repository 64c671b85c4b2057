#include "cdc-capture/acknowledgement.hpp"

#include <algorithm>
#include <utility>

namespace cdc::capture {

using event::Order;

Acknowledgement::Acknowledgement(const std::vector<std::string>& files, bool on_write,
                                 checkpoints::Watch::Check check)
    : m_files{files, std::move(check)}, m_on_write{on_write} {
    find_lowest();
    m_last_emitted = m_lowest;
}

void Acknowledgement::poll_files() {
    if (m_files.poll()) {
        find_lowest();
    }
}

void Acknowledgement::read_again() {
    poll_files();
    m_last_emitted = m_lowest;
}

void Acknowledgement::find_lowest() {
    m_lowest = m_files.lowest() ? m_files.lowest()->order : Order{};
}

void Acknowledgement::emitted(Order order, std::uint64_t bytes) {
    m_last_emitted = std::max(m_last_emitted, order);
    if (m_on_write) {
        m_pending.push_back({order, bytes});
    }
}

void Acknowledgement::written(std::uint64_t bytes) {
    while (!m_pending.empty() && m_pending.front().bytes <= bytes) {
        m_written = std::max(m_written, m_pending.front().order);
        m_pending.pop_front();
    }
}

Order Acknowledgement::position() const {
    // A file can only be ahead of us when something else writes it too.
    return std::min(m_on_write ? m_written : m_lowest, m_last_emitted);
}

bool Acknowledgement::complete() const {
    return m_on_write ? m_pending.empty() : m_files.none() || position() >= m_last_emitted;
}

} // namespace cdc::capture
