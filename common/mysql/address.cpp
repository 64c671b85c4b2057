#include "base/numbers.hpp"
#include "mysql/connection.hpp"

#include <algorithm>

namespace cdc::mysql {

using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr std::string_view kSchemes[] = {"mysql://", "mariadb://"};

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = text[i] == '%' && i + 2 < text.size() + 0
                              ? base::parse_integer<std::uint8_t>(text.substr(i + 1, 2), 16)
                              : std::nullopt;
        if (byte) {
            out += static_cast<char>(*byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

void set_parameter(ServerAddress& address, std::string_view name, std::string value) {
    if (name == "socket") {
        address.socket = std::move(value);
    } else if (name == "ssl-mode" || name == "sslmode") {
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) {
            return c == '_' ? '-' : static_cast<char>(std::tolower(c));
        });
        static constexpr std::string_view kModes[] = {"disabled", "preferred", "required",
                                                      "verify-ca", "verify-identity"};
        if (std::find(std::begin(kModes), std::end(kModes), value) == std::end(kModes)) {
            fail(ExitCode::usage,
                 "--source: ssl-mode {} is none of disabled, preferred, required, "
                 "verify-ca, verify-identity",
                 in_quotes(value));
        }
        address.ssl_mode = std::move(value);
    } else if (name == "ssl-ca") {
        address.ssl_ca = std::move(value);
    } else if (name == "ssl-cert") {
        address.ssl_cert = std::move(value);
    } else if (name == "ssl-key") {
        address.ssl_key = std::move(value);
    } else if (name == "defaults-file") {
        address.defaults_file = std::move(value);
    } else if (name == "connect-timeout") {
        const auto seconds = base::parse_integer<unsigned>(value);
        if (!seconds || *seconds == 0) {
            fail(ExitCode::usage, "--source: connect-timeout {} is not a number of seconds",
                 in_quotes(value));
        }
        address.connect_timeout_s = *seconds;
    } else {
        fail(ExitCode::usage, "--source: unknown parameter {}", in_quotes(name));
    }
}

} // namespace

bool is_mysql_url(std::string_view url) {
    return std::any_of(std::begin(kSchemes), std::end(kSchemes),
                       [url](std::string_view scheme) { return url.starts_with(scheme); });
}

ServerAddress parse_url(std::string_view url) {
    ServerAddress address;
    for (const std::string_view scheme : kSchemes) {
        if (url.starts_with(scheme)) {
            url.remove_prefix(scheme.size());
            break;
        }
    }
    std::string_view parameters;
    if (const std::size_t mark = url.find('?'); mark != std::string_view::npos) {
        parameters = url.substr(mark + 1);
        url = url.substr(0, mark);
    }
    if (const std::size_t slash = url.find('/'); slash != std::string_view::npos) {
        address.database = decoded(url.substr(slash + 1));
        url = url.substr(0, slash);
    }
    if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = url.substr(0, at);
        const std::size_t colon = user.find(':');
        address.user = decoded(user.substr(0, colon));
        if (colon != std::string_view::npos) {
            address.password = decoded(user.substr(colon + 1));
        }
        url.remove_prefix(at + 1);
    }
    std::string_view port;
    if (url.starts_with('[')) { // an IPv6 address
        const std::size_t close = url.find(']');
        if (close == std::string_view::npos) {
            fail(ExitCode::usage, "--source: the host {} has no ']'", in_quotes(url));
        }
        address.host = url.substr(1, close - 1);
        url.remove_prefix(close + 1);
        port = url.starts_with(':') ? url.substr(1) : std::string_view{};
    } else {
        const std::size_t colon = url.find(':');
        address.host = decoded(url.substr(0, colon));
        port = colon == std::string_view::npos ? std::string_view{} : url.substr(colon + 1);
    }
    if (!port.empty()) {
        const auto number = base::parse_integer<std::uint16_t>(port);
        if (!number || *number == 0) {
            fail(ExitCode::usage, "--source: {} is not a port", in_quotes(port));
        }
        address.port = *number;
    }
    while (!parameters.empty()) {
        const std::size_t end = std::min(parameters.find('&'), parameters.size());
        const std::string_view one = parameters.substr(0, end);
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        const std::size_t equal = one.find('=');
        if (equal == std::string_view::npos) {
            fail(ExitCode::usage, "--source: parameter {} has no value", in_quotes(one));
        }
        set_parameter(address, one.substr(0, equal), decoded(one.substr(equal + 1)));
    }
    return address;
}

std::string ServerAddress::description() const {
    std::string out = user.empty() ? "" : user + "@";
    out += socket.empty() ? (host.empty() ? "localhost" : host) : socket;
    if (port != 0) {
        out += ':';
        base::append_integer(out, port);
    }
    return out;
}

} // namespace cdc::mysql
