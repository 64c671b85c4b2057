#ifndef CDC_EVENT_TYPE_NAME_HPP
#define CDC_EVENT_TYPE_NAME_HPP

#include <string>
#include <string_view>

namespace cdc::event {

/// "numeric(12,2)" is numeric, 12, 2; "timestamp(3) with time zone" has its rest in the name too.
struct TypeName {
    std::string name;
    int first = -1; ///< -1: none
    int second = -1;
};
TypeName take_apart(std::string_view type);

/// Takes MySQL's " unsigned" off the name. Whether it had one.
bool take_unsigned(TypeName& type);

} // namespace cdc::event

#endif
