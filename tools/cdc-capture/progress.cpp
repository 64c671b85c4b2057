#include "cdc-capture/progress.hpp"

#include "base/error.hpp"

namespace cdc::capture {

using base::ExitCode;
using base::fail;
using event::Order;

namespace {

void hold(bool holds, const char* what, Order a, Order b) {
    if (!holds) {
        fail(ExitCode::failed, "internal error: {} ({} and {}); nothing relies on it", what,
             a.text(), b.text());
    }
}

} // namespace

void Positions::read(Order received, Order emitted) {
    hold(received >= m_received, "the position received falls", received, m_received);
    hold(emitted >= m_emitted, "the position put out falls", emitted, m_emitted);
    hold(emitted <= received, "more was put out than received", emitted, received);
    hold(m_checkpointed <= emitted, "the checkpoint is ahead of what was put out", m_checkpointed,
         emitted);
    m_received = received;
    m_emitted = emitted;
}

void Positions::checkpoint(Order order) {
    hold(order >= m_checkpointed, "checkpoints fall", order, m_checkpointed);
    hold(order <= m_emitted, "a checkpoint is ahead of what was put out", order, m_emitted);
    m_checkpointed = order;
}

void Positions::confirm(Order order) {
    hold(order >= m_confirmed, "the position confirmed falls", order, m_confirmed);
    hold(order <= m_checkpointed, "more is confirmed than a checkpoint says", order,
         m_checkpointed);
    m_confirmed = order;
}

const char* name_of(State state) {
    switch (state) {
    case State::streaming:
        return "streaming";
    case State::holding:
        return "holding until the files have the checkpoint";
    case State::stopping:
        return "stopping";
    case State::reconnecting:
        return "reconnecting";
    case State::writing:
        return "writing the last lines";
    case State::awaiting:
        return "awaiting the checkpoint";
    case State::ended:
        return "ended";
    }
    return "";
}

bool may_follow(State from, State to) {
    switch (to) {
    case State::streaming:
        return from == State::stopping || from == State::reconnecting || from == State::holding;
    case State::holding:
        return from == State::streaming || from == State::stopping || from == State::reconnecting;
    case State::stopping:
        return from == State::streaming || from == State::holding;
    case State::reconnecting:
        return from == State::streaming || from == State::stopping || from == State::holding;
    case State::writing:
        return from == State::stopping || from == State::reconnecting;
    case State::awaiting:
        return from == State::writing;
    case State::ended:
        return from == State::writing || from == State::awaiting;
    }
    return false;
}

void Clocks::set_now(std::int64_t now) {
    if (now < m_now) {
        fail(ExitCode::failed, "internal error: the clock runs backwards");
    }
    m_now = now;
}

bool Clocks::poll_due(std::int64_t every_ms) {
    if (m_now - m_poll < every_ms) {
        return false;
    }
    m_poll = m_now;
    return true;
}

void Clocks::stop(std::int64_t drain_ms) {
    if (m_stop_by == 0) {
        m_drain = drain_ms;
        m_stop_by = m_now + drain_ms;
    }
}

} // namespace cdc::capture
