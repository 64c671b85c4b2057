#ifndef CDC_POSTGRES_WRONG_VALUE_HPP
#define CDC_POSTGRES_WRONG_VALUE_HPP

#include "base/error.hpp"

#include <string_view>

namespace cdc::postgres {

/// Throws Error (bad_data).
[[noreturn]] inline void wrong_value(const char* type, std::string_view text) {
    base::fail(base::ExitCode::bad_data, "{} is not a value of type {}", base::in_quotes(text),
               type);
}

} // namespace cdc::postgres

#endif
