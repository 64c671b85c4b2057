#ifndef CDC_EVENT_INPUT_HINT_HPP
#define CDC_EVENT_INPUT_HINT_HPP

#include <string>
#include <string_view>

namespace cdc::event {

/// What leads out where an input line is none of cdc-event(5), guessed by how it begins; "": no
/// guess.
std::string input_hint(std::string_view line);

} // namespace cdc::event

#endif
