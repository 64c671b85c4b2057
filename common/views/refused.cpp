#include "views/refused.hpp"

#include <utility>

namespace cdc::views {

Refused::Refused(const std::string& where, std::size_t line, std::string construct,
                 const std::string& advice)
    : base::Error{base::ExitCode::usage, fmt::format("{}:{}: {}", where, line, construct), advice},
      m_line{line}, m_construct{std::move(construct)} {}

} // namespace cdc::views
