#ifndef CDC_VIEWS_REFUSED_HPP
#define CDC_VIEWS_REFUSED_HPP

#include "base/error.hpp"
#include "views/tree.hpp"

#include <cstddef>
#include <string>

namespace cdc::views {

/// A view that cannot be kept current as it is written: exit code usage. what() names file, line
/// and construct, hint() the way out.
class Refused : public base::Error {
public:
    Refused(const std::string& where, std::size_t line, std::string construct,
            const std::string& advice);

    std::size_t line() const noexcept { return m_line; }
    const std::string& construct() const noexcept { return m_construct; }

private:
    std::size_t m_line;
    std::string m_construct;
};

/// What is wrong in a SELECT, before its view and file are known. `position` is a byte offset in
/// the SELECT's text, or kNoPosition.
struct Problem {
    std::string construct;
    std::string advice;
    std::size_t position;
};

constexpr std::size_t kNoPosition = ~std::size_t{0};

/// Throws Problem for an expression.
[[noreturn]] void refuse(const Json& expression, std::string construct, std::string advice);

} // namespace cdc::views

#endif
