#ifndef CDC_VERIFY_POSITION_HPP
#define CDC_VERIFY_POSITION_HPP

#include "cdc-verify/options.hpp"
#include "cdc-verify/target.hpp"
#include "postgres/lsn.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cdc::verify {

/// How far the target has got in the source's log.
class Position {
public:
    /// `server` is the source's system identifier, "" when it is not known.
    Position(const Options& options, Target& target, std::string server, std::string database);

    /// Nothing when neither the target nor the file says; why() then does. Throws Error (refused)
    /// when several slots fill the target and none was chosen.
    std::optional<postgres::Lsn> now();

    /// Waits until the target has everything before `lsn`. False: `deadline` (steady_ms) came
    /// first. After that every wait is a single look: the target stands still.
    bool wait(postgres::Lsn lsn, std::int64_t deadline);

    const std::string& why() const { return m_why; } ///< of the last false or nothing

private:
    const Options& m_options;
    Target* m_target;
    std::string m_server;
    std::string m_database;
    bool m_stalled = false;
    std::string m_why;
};

} // namespace cdc::verify

#endif
