#include "views/refused.hpp"

#include <utility>

namespace cdc::views {

Refused::Refused(const std::string& where, std::size_t line, std::string construct,
                 const std::string& advice)
    : base::Error{base::ExitCode::usage, fmt::format("{}:{}: {}", where, line, construct), advice},
      m_line{line}, m_construct{std::move(construct)} {}

void refuse(const Json& expression, std::string construct, std::string advice) {
    throw Problem{std::move(construct), std::move(advice), position_of(expression)};
}

} // namespace cdc::views
