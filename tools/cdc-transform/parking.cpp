#include "cdc-transform/parking.hpp"

#include "base/log.hpp"

#include <utility>

namespace cdc::transform {

namespace {

constexpr std::size_t kMostKeys = 1000;

} // namespace

RowFailed::RowFailed(const std::string& view, const std::string& words, KeyRange range,
                     std::string key)
    : base::
          Error{base::ExitCode::bad_data, fmt::format("view {}: {}", view, words),
                "--on-error park keeps the old rows of keys that cannot be computed, and goes on."},
      m_view{view}, m_words{words}, m_range{range}, m_key{std::move(key)} {}

void Parking::failed(const RowFailed& failure) {
    if (failure.key().empty()) {
        if (m_view == failure.view() && m_range.begin == failure.range().begin &&
            m_range.end == failure.range().end) {
            throw failure; // the view has no keys to look for
        }
        m_view = failure.view();
        m_range = failure.range();
        return;
    }
    ParkedKeys& keys = m_parked[failure.view()];
    keys[failure.key()] = failure.words();
    if (keys.size() > kMostKeys) {
        throw failure;
    }
    base::log::warning("view {}: the row of key ({}) stays as it was: {}", failure.view(),
                       failure.key(), failure.words());
    m_view.clear();
}

void Parking::done() {
    m_parked.clear();
    m_view.clear();
}

bool Parking::concerns(const std::string& view) const {
    return view == m_view || m_parked.contains(view);
}

const ParkedKeys& Parking::of(const std::string& view) const {
    static const ParkedKeys kNone;
    const auto found = m_parked.find(view);
    return found == m_parked.end() ? kNone : found->second;
}

std::optional<KeyRange> Parking::range(const std::string& view) const {
    return view == m_view ? std::optional{m_range} : std::nullopt;
}

} // namespace cdc::transform
