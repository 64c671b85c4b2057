#ifndef CDC_EVENT_FLOAT_TEXT_HPP
#define CDC_EVENT_FLOAT_TEXT_HPP

#include <cstdint>
#include <string>

namespace cdc::event {

/// How the shortest digits that read back the same are laid out.
enum class FloatLayout : std::uint8_t {
    postgres, ///< as the server does: "1e+20", "1e-05"
    plain,    ///< as is done for MySQL: exponents from 1e16 on and below 1e-5
};

/// A number; a string where it is not finite ("NaN", "-Infinity").
void append_json_float(std::string& out, float value, FloatLayout layout);
void append_json_float(std::string& out, double value, FloatLayout layout);

} // namespace cdc::event

#endif
