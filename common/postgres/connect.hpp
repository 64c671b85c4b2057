#ifndef CDC_POSTGRES_CONNECT_HPP
#define CDC_POSTGRES_CONNECT_HPP

#include <string>
#include <utility>
#include <vector>

struct pg_conn;

/// Only this folder's .cpp files include this header.
namespace cdc::postgres {

/// What became of one login.
struct Login {
    pg_conn* connection = nullptr; ///< never null; the caller finishes it
    std::string error;             ///< libpq's and the server's words in one line; "": logged in
    std::string sqlstate;          ///< where the server refused; else ""
    bool absent = false;           ///< no server was there, or it is starting up
};

/// libpq's parameters; the entries behind `dbname`, which is expanded, override what it says.
using ConnectionParameters = std::vector<std::pair<std::string, std::string>>;

/// Logs in, once. Names are resolved and servers waited for in a thread of its own, because libpq
/// blocks while it resolves: a signal ends the wait at once, wherever the login is. Each host is
/// given connect_timeout seconds; the next one of the list is tried then. Throws io::Stopped.
Login log_in(const ConnectionParameters& parameters);

} // namespace cdc::postgres

#endif
