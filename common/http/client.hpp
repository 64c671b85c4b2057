#ifndef CDC_HTTP_CLIENT_HPP
#define CDC_HTTP_CLIENT_HPP

#include "base/error.hpp"
#include "http/url.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::http {

struct Request {
    std::string url; ///< whole; its login is not looked at
    std::string method{"GET"};
    std::vector<std::string> headers;
    std::span<const std::string_view> body{}; ///< pieces that stay where they are
};

struct Answer {
    long status = 0;
    std::string headers; ///< as they came, a line each
    std::string body;

    /// Of the last header of this name, which is given in small letters; empty: there is none.
    std::string_view header(std::string_view name) const;
};

/// No answer came.
class Unreachable : public base::Error {
public:
    Unreachable(const std::string& why, bool forever)
        : Error{forever ? base::ExitCode::refused : base::ExitCode::failed, why}, m_forever{
                                                                                      forever} {}
    /// It is not worth a repeat (certificates).
    bool forever() const noexcept { return m_forever; }

private:
    bool m_forever;
};

struct ClientOptions {
    std::int64_t timeout_ms = 0; ///< of a request; 0: none
    std::string doing;           ///< completes "stopped while …"
};

/// Kept-alive connections, opened by the first request to each server. A signal ends a request, as
/// stop_signal says. https: the certificate must be good, and be for the URL's host; the files of
/// `tls` are those of its URL.
class Client {
public:
    explicit Client(ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Whatever its status. Throws Unreachable, io::Stopped.
    Answer send(const Request& request, const Url& tls);

private:
    struct Handle;
    ClientOptions m_options;
    std::unique_ptr<Handle> m_handle;
};

} // namespace cdc::http

#endif
