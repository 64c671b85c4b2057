#ifndef CDC_HTTP_URL_HPP
#define CDC_HTTP_URL_HPP

#include <string>
#include <string_view>
#include <vector>

namespace cdc::http {

/// http(s)://user:password@host:port/path?passfile=FILE&sslrootcert=FILE…
struct Url {
    std::string scheme; ///< "http" or "https"
    std::string user;
    std::string password;
    std::string host; ///< with its brackets when it is an IPv6 address
    int port = 0;     ///< 0: the URL has none
    std::string path; ///< still percent-encoded, without '/' at its end

    // Parameters, named as libpq names its own; files.
    std::string passfile;    ///< its first line is the password
    std::string tokenfile;   ///< its first line is a bearer token
    std::string sslrootcert; ///< CA certificates to trust, instead of the system's
    std::string sslcert;     ///< client certificate
    std::string sslkey;      ///< and its key
};

/// Whose URL it is, for messages.
struct UrlSubject {
    std::string option; ///< "--target"
    std::string noun;   ///< "the target's URL"
    std::string hint;
    std::vector<std::string_view> parameters; ///< those that it may have

    /// Throws Error (usage).
    [[noreturn]] void fail(const std::string& why) const;
};

/// Throws Error (usage) that does not repeat the password.
Url parse_url(std::string_view url, const UrlSubject& subject);

std::string decode_percent(std::string_view text);
std::string encode_percent(std::string_view text);

/// Of a file with a password or a token. Throws Error (refused). `what`: "password file".
std::string first_line_of(const std::string& path, const char* what);

} // namespace cdc::http

#endif
