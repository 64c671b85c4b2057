#ifndef CDC_EVENT_LINE_ENCODING_HPP
#define CDC_EVENT_LINE_ENCODING_HPP

#include "event/encoding.hpp"

#include <string_view>

namespace cdc::event {

/// Of a line with this `source`, JSON text.
inline Encoding encoding_of(std::string_view source) {
    return source.find(kDebeziumMember) == std::string_view::npos ? Encoding::exact
                                                                  : Encoding::debezium;
}

} // namespace cdc::event

#endif
