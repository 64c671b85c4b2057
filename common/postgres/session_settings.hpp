#ifndef CDC_POSTGRES_SESSION_SETTINGS_HPP
#define CDC_POSTGRES_SESSION_SETTINGS_HPP

#include <string_view>
#include <vector>

namespace cdc::postgres {

class Connection;

struct SessionSetting {
    const char* name;
    const char* value; ///< as the server spells it
    int since = 0;     ///< first server version that has it
};

/// The settings of a session that decide how values are written, how our own statements are read,
/// which rows they see and how long they may take. Environment (PGTZ, PGOPTIONS), role, database,
/// server and login triggers may each have changed them.
const std::vector<SessionSetting>& session_settings();

/// Sets them and reads them back. Throws ServerError; Error (refused) naming a setting that did not
/// take its value.
void apply_session_settings(Connection& connection);

/// Throws Error (refused) for the first of `got` that is not the value of its setting.
void check_session_settings(const std::vector<SessionSetting>& settings,
                            const std::vector<std::string_view>& got);

} // namespace cdc::postgres

#endif
