#ifndef CDC_EVENT_FACTS_TYPES_HPP
#define CDC_EVENT_FACTS_TYPES_HPP

#include "event/facts.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

/// The part of judge() (facts_change.hpp) that is about the types of columns. Each gives what was
/// done to one, in words; "": nothing.
namespace cdc::event {

/// To types that both looks show.
std::string change_of_types(const Facts& before, const Facts& after);
/// Of a table that is seen for the first time: to types since it was made.
std::string altered_types(const Facts& facts);
/// To types that came to a table since: those that were older, and were altered meanwhile.
std::string change_of_new_types(const Facts& before, const Facts& after);

/// Whether number `a` was given before `b`: numbers go round.
inline bool is_older(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
}

/// The first element that is meant; null: there is none.
template<typename List, typename Same>
auto find_in(const List& list, Same same) {
    const auto found = std::find_if(list.begin(), list.end(), same);
    return found == list.end() ? nullptr : &*found;
}

} // namespace cdc::event

#endif
