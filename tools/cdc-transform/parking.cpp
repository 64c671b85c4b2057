#include "cdc-transform/parking.hpp"

#include "base/log.hpp"

#include <utility>

namespace cdc::transform {

RowFailed::RowFailed(What what, const std::string& view, const std::string& words)
    : base::Error{base::ExitCode::bad_data, fmt::format("view {}: {}", view, words),
                  "--on-error park keeps the old rows of keys that cannot be computed, and goes "
                  "on."},
      m_what{what}, m_view{view}, m_words{words} {}

RowFailed::RowFailed(const std::string& view, const std::string& words, KeyRange range)
    : RowFailed{What::range, view, words} {
    m_range = range;
}

RowFailed::RowFailed(const std::string& view, const std::string& words, std::string key, bool again)
    : RowFailed{What::key, view, words} {
    m_key = std::move(key);
    m_again = again;
}

void Parking::failed(const RowFailed& failure) {
    Attempt& attempt = m_attempts[failure.view()];
    switch (failure.what_failed()) {
    case RowFailed::What::finding:
        if (std::exchange(attempt.wide, true)) {
            attempt.view = failure.words();
        }
        break;
    case RowFailed::What::range:
        if (m_view == failure.view() && m_range.begin == failure.range().begin &&
            m_range.end == failure.range().end) {
            attempt.view = failure.words();
            break;
        }
        m_view = failure.view();
        m_range = failure.range();
        return;
    case RowFailed::What::key:
        attempt.keys[failure.key()] = {failure.words(), failure.again()};
        if (attempt.keys.size() > kMostParkedKeys) {
            throw failure;
        }
        base::log::warning("view {}: the row of key ({}) stays as it was: {}", failure.view(),
                           failure.key(), failure.words());
        break;
    case RowFailed::What::other:
        attempt.others.push_back(failure.words());
        break;
    case RowFailed::What::found:
        attempt.found = failure.words();
        base::log::warning("view {}: rows that this cut may change stay as they were: {}",
                           failure.view(), failure.words());
        break;
    case RowFailed::What::view:
        attempt.view = failure.words();
        break;
    }
    m_view.clear();
    if (attempt.view) {
        base::log::warning("view {} stays as it was: {}", failure.view(), *attempt.view);
    }
}

void Parking::done() {
    m_attempts.clear();
    m_view.clear();
}

const Parking::Attempt& Parking::of(const std::string& view) const {
    static const Attempt kNothing;
    const auto found = m_attempts.find(view);
    return found == m_attempts.end() ? kNothing : found->second;
}

std::optional<KeyRange> Parking::range(const std::string& view) const {
    return view == m_view ? std::optional{m_range} : std::nullopt;
}

} // namespace cdc::transform
