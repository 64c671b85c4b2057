#ifndef CDC_CLICKHOUSE_HTTP_HPP
#define CDC_CLICKHOUSE_HTTP_HPP

#include "clickhouse/transport.hpp"
#include "http/client.hpp"
#include "http/url.hpp"

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cdc::clickhouse {

/// User and port are given; 8123, or 8443 for https, where the URL has no port.
struct HttpUrl : http::Url {
    std::string database{"default"};

    /// "http://user@host:8123/db": never with the password.
    std::string shown() const;
};

/// Throws Error (usage) that does not repeat the password.
HttpUrl parse_http_url(std::string_view url);

/// A ClickHouse server's HTTP interface: one kept-alive connection, opened by the first request.
/// https: the certificate must be good, and be for the URL's host. The constructor reads passfile:
/// Error (refused) where that fails. It is read again when the password is refused later on, so
/// that it may be changed meanwhile; a refusal behind a login that was taken is transient.
class Http : public Transport {
public:
    Http(HttpUrl url, const TransportOptions& options);

    void execute(std::string_view sql) override;
    std::string query(std::string_view sql, std::string_view format) override;
    void insert(std::string_view into, std::string_view format,
                std::span<const std::string_view> rows) override;
    const std::string& name() const override { return m_name; }
    std::unique_ptr<Transport> another() override;

private:
    /// `sql` goes into the URL when there are rows, else into the body.
    std::string request(std::string_view sql, std::string_view format,
                        std::span<const std::string_view> rows, bool has_rows);
    std::string send(std::string_view settings, std::string_view sql, std::string_view format,
                     std::span<const std::string_view> rows, bool has_rows);
    /// Whether the refusal names a new setting that was not among those `left_out`; it is from now
    /// on.
    bool leave_out(unsigned left_out, std::string_view refusal);
    /// Takes the password that the file has now; false: it is the one that was refused.
    bool read_password_again();

    HttpUrl m_url;
    std::string m_name;
    TransportOptions m_options;
    /// The server took the password, on this connection or another() one.
    std::shared_ptr<std::atomic<bool>> m_let_in = std::make_shared<std::atomic<bool>>(false);
    /// The new settings that the server has refused, as bits.
    std::shared_ptr<std::atomic<unsigned>> m_unknown = std::make_shared<std::atomic<unsigned>>(0);
    /// An answer has had a header that only ClickHouse's have: no proxy takes them out.
    std::shared_ptr<std::atomic<bool>> m_has_own_headers =
        std::make_shared<std::atomic<bool>>(false);
    http::Client m_client;
};

} // namespace cdc::clickhouse

#endif
