#ifndef CDC_SOURCE_SERVER_ERROR_HPP
#define CDC_SOURCE_SERVER_ERROR_HPP

#include "base/error.hpp"

namespace cdc::source {

/// What a server answered, or that it is gone. Each kind of source has its own, with more details.
class ServerError : public base::Error {
public:
    using Error::Error;
};

} // namespace cdc::source

#endif
