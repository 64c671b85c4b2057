#include "cdc-lag/observer.hpp"

#include "base/time.hpp"
#include "cdc-lag/collect.hpp"
#include "cdc-lag/render.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>
#include <chrono>

namespace cdc::lag {

namespace {

constexpr std::chrono::milliseconds kStep{50};

Hop unanswered(const Part& part, std::int64_t waiting_ms) {
    Hop hop;
    hop.kind = part.kind();
    hop.name = part.name();
    hop.unknown = fmt::format("no answer for {}", time_text(waiting_ms));
    return hop;
}

} // namespace

Observer::Observer(const Options& options, std::int64_t interval_ms)
    : m_parts{options, Parts::Rates::later}, m_interval_ms{interval_ms},
      m_answers(m_parts.all.size()) {
    for (std::size_t number = 0; number < m_parts.all.size(); ++number) {
        m_threads.emplace_back([this, number] { run(number); });
    }
}

Observer::~Observer() {
    {
        const base::MutexLock lock{m_mutex};
        m_stop = true;
    }
    m_changed.notify_all();
    io::stop_signal::raise();
    for (std::thread& thread : m_threads) {
        thread.join();
    }
}

void Observer::run(std::size_t number) {
    while (ask(number)) {
        std::vector<Found> found;
        try {
            found = m_parts.all[number]->look();
        } catch (const io::Stopped&) {
            return;
        }
        answer(number, std::move(found));
    }
}

bool Observer::ask(std::size_t number) {
    const base::MutexLock lock{m_mutex};
    if (m_stop) {
        return false;
    }
    m_answers[number].asked_ms = base::steady_ms();
    return true;
}

void Observer::answer(std::size_t number, std::vector<Found> found) {
    base::MutexLock lock{m_mutex};
    Answers& answers = m_answers[number];
    answers.found = std::move(found);
    const std::int64_t asked_ms = std::exchange(answers.asked_ms, 0);
    answers.answered_ms = base::steady_ms();
    m_changed.notify_all();
    const std::int64_t pause =
        std::max<std::int64_t>(asked_ms + m_interval_ms - answers.answered_ms, 1);
    const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds{pause};
    while (!m_stop && lock.wait_until(m_changed, due)) {
    }
}

bool Observer::all_answered() const {
    return std::all_of(m_answers.begin(), m_answers.end(),
                       [](const Answers& answers) { return answers.answered_ms != 0; });
}

void Observer::wait_for_first(std::int64_t timeout_ms) {
    const std::int64_t deadline = base::steady_ms() + timeout_ms;
    base::MutexLock lock{m_mutex};
    while (!all_answered() && base::steady_ms() < deadline && !io::stop_signal::requested()) {
        lock.wait_until(m_changed, std::chrono::steady_clock::now() + kStep);
    }
}

std::vector<Seen> Observer::look() {
    std::vector<Seen> out;
    const std::int64_t now = base::steady_ms();
    const base::MutexLock lock{m_mutex};
    for (std::size_t number = 0; number < m_answers.size(); ++number) {
        const Answers& answers = m_answers[number];
        const std::int64_t waiting = answers.asked_ms != 0 ? now - answers.asked_ms : 0;
        if (answers.answered_ms == 0) {
            out.push_back({unanswered(*m_parts.all[number], waiting), number, 0, waiting});
            continue;
        }
        for (Hop& hop : combine(answers.found, m_parts.source, base::now_ms())) {
            out.push_back({std::move(hop), number, answers.answered_ms, waiting});
        }
    }
    return out;
}

} // namespace cdc::lag
