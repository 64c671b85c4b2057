#include "postgres/connect.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "base/thread.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "io/stop_signal.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace cdc::postgres {

namespace {

constexpr int kStepMs = 100;
constexpr std::string_view kStartingUp = "57P03"; ///< cannot_connect_now
constexpr int kLeaveMs = 300; ///< the thread's own time to notice that nobody waits

struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Handle = std::unique_ptr<PGconn, Finish>;

struct Host {
    std::string name;
    std::string address;
    std::string port;
};

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out{""};
    for (const char c : list) {
        if (c == ',') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

/// An option as the connection understood it, service files and environment included.
std::string option_of(PGconn* connection, std::string_view keyword) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{
        PQconninfo(connection), &PQconninfoFree};
    for (const auto* o = options.get(); o != nullptr && o->keyword != nullptr; ++o) {
        if (o->keyword == keyword && o->val != nullptr) {
            return o->val;
        }
    }
    return {};
}

std::vector<Host> hosts_of(PGconn* connection) {
    const auto names = split(option_of(connection, "host"));
    const auto addresses = split(option_of(connection, "hostaddr"));
    const auto ports = split(option_of(connection, "port"));
    std::vector<Host> hosts;
    for (std::size_t i = 0; i < std::max(names.size(), addresses.size()); ++i) {
        hosts.push_back({i < names.size() ? names[i] : "", i < addresses.size() ? addresses[i] : "",
                         ports.size() == 1  ? ports[0]
                         : i < ports.size() ? ports[i]
                                            : ""});
    }
    return hosts;
}

bool is_present(const Host& host, PGconn* connection) {
    const auto same = [](const char* now, const std::string& listed) {
        return listed.empty() || (now != nullptr && listed == now);
    };
    return same(PQport(connection), host.port) &&
           (host.name.empty() ? same(PQhostaddr(connection), host.address)
                              : same(PQhost(connection), host.name));
}

/// A verbose message without what only a developer of the server wants: "FATAL:  28P01: words",
/// "LOCATION:  …". The code goes to `sqlstate`; of several hosts, the last one's.
std::string plain_words(const char* message, std::string& sqlstate) {
    std::string out;
    std::string_view rest = message;
    while (!rest.empty()) {
        std::string line{rest.substr(0, rest.find('\n'))};
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.rfind("LOCATION:", 0) == 0) {
            continue;
        }
        for (auto at = line.find(":  "); at != std::string::npos; at = line.find(":  ", at + 1)) {
            const std::string code = line.substr(at + 3, 5);
            if (code.size() == 5 && line.compare(at + 8, 2, ": ") == 0 &&
                std::all_of(code.begin(), code.end(), [](unsigned char c) {
                    return std::isdigit(c) != 0 || std::isupper(c) != 0;
                })) {
                sqlstate = code;
                line.erase(at + 3, 7);
                break;
            }
        }
        out += (out.empty() || line.empty() ? "" : " ") + line;
    }
    return out;
}

/// Shared by the thread that logs in and by the one that waits for it, which may have gone.
struct Attempt {
    ConnectionParameters parameters;
    io::FileDescriptor done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::atomic<bool> abandoned{false};
    Handle connection;
    std::string timed_out;    ///< words about the hosts that did not answer
    bool last_silent = false; ///< the last host is among them
    bool reached = false;     ///< a host accepted a connection
    bool attempted = true;    ///< the parameters are right

    void run();

private:
    bool try_hosts(const std::vector<Host>& hosts, std::optional<Host>& silent);
    std::optional<std::int64_t> time_limit() const;
};

std::optional<std::int64_t> Attempt::time_limit() const {
    const std::string text = option_of(connection.get(), "connect_timeout");
    const auto seconds = base::parse_integer<std::int64_t>(text).value_or(0);
    // libpq waits for 2 s at least.
    return seconds <= 0 ? std::nullopt : std::optional{std::max<std::int64_t>(seconds, 2) * 1000};
}

/// False: `silent` did not answer in time (or nobody waits any more, where it is empty).
bool Attempt::try_hosts(const std::vector<Host>& hosts, std::optional<Host>& silent) {
    ConnectionParameters all = parameters;
    if (!hosts.empty()) {
        std::string names;
        std::string addresses;
        std::string ports;
        for (const Host& host : hosts) {
            const char* comma = &host == &hosts.front() ? "" : ",";
            names += comma + host.name;
            addresses += comma + host.address;
            ports += comma + host.port;
        }
        all.insert(all.end(), {{"host", names}, {"hostaddr", addresses}, {"port", ports}});
    }
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : all) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) {
        attempted = PQpingParams(keywords.data(), values.data(), 1) != PQPING_NO_ATTEMPT;
        return true;
    }
    // libpq keeps no SQLSTATE of a failed login; verbose messages have it in their text.
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
    const auto limit = time_limit();
    std::string place;
    std::int64_t deadline = 0;
    for (auto state = PGRES_POLLING_WRITING;
         state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED;) {
        const char* address = PQhostaddr(connection.get());
        const std::string now =
            fmt::format("{} {} {}", PQhost(connection.get()), address != nullptr ? address : "",
                        PQport(connection.get()));
        if (now != place || deadline == 0) {
            place = now;
            deadline = base::steady_ms() + limit.value_or(0);
        }
        pollfd socket{PQsocket(connection.get()),
                      static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
        if (::poll(&socket, 1, kStepMs) > 0) {
            state = PQconnectPoll(connection.get());
            const auto status = PQstatus(connection.get());
            reached = reached || (status != CONNECTION_STARTED && status != CONNECTION_NEEDED &&
                                  status != CONNECTION_BAD);
        }
        if (abandoned) {
            return false;
        }
        if (limit && base::steady_ms() >= deadline && state != PGRES_POLLING_OK &&
            state != PGRES_POLLING_FAILED) {
            silent = Host{PQhost(connection.get()), "", PQport(connection.get())};
            return false;
        }
    }
    PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
    return true;
}

void Attempt::run() {
    std::vector<Host> hosts;
    while (true) {
        std::optional<Host> silent;
        if (try_hosts(hosts, silent) || abandoned) {
            return;
        }
        timed_out +=
            fmt::format("{}connection to server at \"{}\", port {} failed: timeout expired",
                        timed_out.empty() ? "" : " ", silent->name, silent->port);
        hosts = hosts_of(connection.get());
        hosts.erase(
            std::remove_if(hosts.begin(), hosts.end(),
                           [&](const Host& host) { return is_present(host, connection.get()); }),
            hosts.end());
        if (hosts.empty()) {
            last_silent = true;
            return;
        }
    }
}

} // namespace

Login log_in(const ConnectionParameters& parameters) {
    const auto attempt = std::make_shared<Attempt>();
    attempt->parameters = parameters;
    if (!attempt->done) {
        base::fail(base::ExitCode::failed, "cannot wait for a login: {}", std::strerror(errno));
    }
    std::thread thread = base::start_thread([attempt] {
        attempt->run();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto n = ::write(attempt->done.get(), &one, sizeof(one));
    });
    if (io::wait_for(attempt->done.get(), POLLIN, -1) == io::Waited::stopped) {
        attempt->abandoned = true;
        if (io::wait_readable(attempt->done.get(), kLeaveMs)) {
            thread.join();
        } else {
            thread.detach(); // inside the resolver, which nothing can interrupt
        }
        throw io::Stopped{"connecting to the source"};
    }
    thread.join();
    if (!attempt->connection) {
        throw std::bad_alloc{};
    }
    Login login;
    login.connection = attempt->connection.get();
    if (PQstatus(login.connection) != CONNECTION_OK) {
        login.error = attempt->timed_out;
        if (!attempt->last_silent) {
            login.error += (login.error.empty() ? "" : " ") +
                           plain_words(PQerrorMessage(login.connection), login.sqlstate);
        }
        if (login.error.empty()) {
            login.error = "no words";
        }
        login.absent = login.sqlstate == kStartingUp ||
                       (!attempt->reached && attempt->attempted && attempt->timed_out.empty());
    }
    static_cast<void>(attempt->connection.release());
    return login;
}

} // namespace cdc::postgres
