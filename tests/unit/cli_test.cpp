#include "cli/app.hpp"
#include "cli/figures.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "io/file_descriptor.hpp"
#include "support.hpp"

#include <httplib.h>

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <sys/socket.h>

using namespace cdc;

namespace {

struct Settings {
    std::string source;
    std::vector<std::string> tables;
    std::int64_t interval_ms = 1000;
    std::uint64_t batch_bytes = 64U << 20;
    int code = -1;
};

int free_port() {
    const io::FileDescriptor fd{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return ntohs(address.sin_port);
}

Settings parse(std::vector<std::string> words) {
    Settings settings;
    cli::App app{"cdc-test", "For tests"};
    app.options().add_option("--source", settings.source);
    app.options().add_option("--tables", settings.tables);
    app.add_duration("--flush-interval", settings.interval_ms, "");
    app.add_bytes("--batch-bytes", settings.batch_bytes, "");
    words.insert(words.begin(), "cdc-test");
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    settings.code = app.run(
        static_cast<int>(argv.size()), argv.data(), [] {}, [] { return 0; });
    return settings;
}

std::string read_file(const std::string& path) {
    std::stringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("times and sizes are read with their units, and refused without sense") {
    const Settings settings = parse({"--flush-interval", "250ms", "--batch-bytes", "1MB"});
    CHECK(settings.code == 0);
    CHECK(settings.interval_ms == 250);
    CHECK(settings.batch_bytes == 1U << 20);
    CHECK(parse({"--flush-interval", "soon"}).code == 2);
    CHECK(parse({"--batch-bytes", "much"}).code == 2);
    CHECK(parse({"--nonsense"}).code == 2);
}

TEST_CASE("an option can come from the environment, a list by newline; the command line wins") {
    ::setenv("CDC_SOURCE", "from environment", 1);
    ::setenv("CDC_TABLES", "a.b\nc.d", 1);
    CHECK(parse({}).source == "from environment");
    CHECK(parse({}).tables == std::vector<std::string>{"a.b", "c.d"});
    CHECK(parse({"--source", "from line"}).source == "from line");
    ::unsetenv("CDC_SOURCE");
    ::unsetenv("CDC_TABLES");
}

TEST_CASE("an option can come from a TOML file, and an unknown name there is refused") {
    const TemporaryFolder folder;
    const std::string path = folder.file("cdc.toml");
    std::ofstream{path} << "source = \"from file\"\ntables = [\"a.b\", \"c.d\"]\n";
    const Settings settings = parse({"--config", path});
    CHECK(settings.source == "from file");
    CHECK(settings.tables == std::vector<std::string>{"a.b", "c.d"});
    std::ofstream{path} << "sauce = \"typo\"\n";
    CHECK(parse({"--config", path}).code == 2);
}

TEST_CASE("metrics are Prometheus text; what is unknown is left out") {
    cli::Metrics metrics{"cdc_test"};
    metrics.counter("rows_total", "Rows").add(3);
    cli::Metric& lag = metrics.gauge("lag_seconds", "Lag", 1000);
    CHECK(metrics.render() ==
          "# HELP cdc_test_rows_total Rows\n# TYPE cdc_test_rows_total counter\n"
          "cdc_test_rows_total 3\n");
    lag.set(1500);
    CHECK(metrics.render().find("cdc_test_lag_seconds 1.5\n") != std::string::npos);
}

TEST_CASE("a histogram counts each value in its range and all above it") {
    cli::Metrics metrics{"cdc_test"};
    cli::Histogram& took = metrics.histogram("took_seconds", "Time", cli::kTimeBounds, 1000);
    cli::Histogram& rows = metrics.histogram("batch_rows", "Rows", cli::kCountBounds);
    for (const std::int64_t ms : {0, 1, 2, 250, 70'000}) {
        took.observe(ms);
    }
    rows.observe(50'000);
    const std::string text = metrics.render();
    for (const char* line :
         {"# TYPE cdc_test_took_seconds histogram\n",
          "cdc_test_took_seconds_bucket{le=\"0.001\"} 2\n",
          "cdc_test_took_seconds_bucket{le=\"0.1\"} 3\n",
          "cdc_test_took_seconds_bucket{le=\"0.25\"} 4\n",
          "cdc_test_took_seconds_bucket{le=\"60\"} 4\n",
          "cdc_test_took_seconds_bucket{le=\"+Inf\"} 5\n", "cdc_test_took_seconds_sum 70.253\n",
          "cdc_test_took_seconds_count 5\n", "cdc_test_batch_rows_bucket{le=\"10000\"} 0\n",
          "cdc_test_batch_rows_bucket{le=\"50000\"} 1\n"}) {
        CHECK_MESSAGE(text.find(line) != std::string::npos, line, text);
    }
}

TEST_CASE("a metric of each table has its name as a label, escaped") {
    cli::Metrics metrics{"cdc_test"};
    cli::MetricFamily& rows = metrics.counters("table_rows_total", "Rows", {"table", "op"});
    CHECK(metrics.render().empty());
    rows.of({"a\"b\\c\nd", "c"}).add(2);
    rows.of({"a\"b\\c\nd", "c"}).add(1);
    CHECK(metrics.render().find(
              "\ncdc_test_table_rows_total{table=\"a\\\"b\\\\c\\nd\",op=\"c\"} 3\n") !=
          std::string::npos);
}

TEST_CASE("an age is the time since what it was set to; 0 is none, and unknown is left out") {
    cli::Metrics metrics{"cdc_test"};
    cli::Metric& behind = metrics.age("behind_seconds", "Age");
    CHECK(metrics.render().empty());
    behind.set(0);
    CHECK(metrics.render().find("cdc_test_behind_seconds 0\n") != std::string::npos);
    behind.set(base::now_ms() - 5000);
    CHECK(metrics.render().find("cdc_test_behind_seconds 5") != std::string::npos);
}

TEST_CASE("errors and warnings are counted among a process's figures") {
    const auto warnings = base::log::count(base::log::Level::warning);
    base::log::set_level(base::log::Level::error);
    base::log::warning("not seen, but counted");
    base::log::set_level(base::log::Level::info);
    const cli::Metrics metrics{"cdc_test"};
    CHECK(metrics.published().find(
              fmt::format("cdc_test_log_messages_total{{level=\"warning\"}} {}\n", warnings + 1)) !=
          std::string::npos);
}

TEST_CASE("a point of time is unknown until it is set, in metrics and in the line") {
    struct Figures : cli::Figures {
        Figures() : cli::Figures{"cdc_test"} {}
        using cli::Figures::ago;
        using cli::Figures::publish;
        std::string line() override { return {}; }
        cli::Metric& rows = counter("rows_total", "Rows");
        cli::Metric& durable = time("durable_timestamp_seconds", "When");
    };
    const TemporaryFolder folder;
    const std::string path = folder.file("cdc.prom");
    {
        Figures figures;
        figures.publish({path});
        CHECK(Figures::ago("durable up to", figures.durable).empty());
    }
    CHECK(read_file(path).find("cdc_test_rows_total 0\n") != std::string::npos);
    CHECK(read_file(path).find("durable_timestamp") == std::string::npos);
    Figures figures;
    figures.durable.set(base::now_ms() - 3000);
    CHECK(Figures::ago("durable up to", figures.durable) == ", durable up to 3 s ago");
}

TEST_CASE("metrics go to a file, and over HTTP") {
    const TemporaryFolder folder;
    const std::string path = folder.file("cdc.prom");
    {
        cli::Metrics metrics{"cdc_test"};
        cli::Metric& rows = metrics.counter("rows_total", "Rows");
        metrics.publish(path);
        CHECK(read_file(path).find("rows_total 0\n") != std::string::npos);
        rows.add(7);
    }
    CHECK(read_file(path).find("rows_total 7\n") != std::string::npos);

    CHECK(cli::Metrics::is_address("127.0.0.1:9187"));
    CHECK(cli::Metrics::is_address(":9187"));
    CHECK_FALSE(cli::Metrics::is_address("/var/lib/x:1"));
    CHECK_FALSE(cli::Metrics::is_address("file.prom"));
    cli::Metrics metrics{"cdc_test"};
    metrics.counter("rows_total", "Rows").add(5);
    const int port = free_port();
    metrics.publish("127.0.0.1:" + std::to_string(port));
    const auto answer = httplib::Client{"127.0.0.1", port}.Get("/metrics");
    REQUIRE(answer);
    CHECK(answer->body.find("rows_total 5\n") != std::string::npos);
    cli::Metrics second{"cdc_test"};
    CHECK_FAILS(second.publish("256.0.0.1:1"), failed, "cannot listen");
}

TEST_CASE("numbers and times are short for people") {
    CHECK(cli::grouped_number(7) == "7");
    CHECK(cli::grouped_number(54625) == "54,625");
    CHECK(cli::grouped_number(-1234567) == "-1,234,567");
    CHECK(cli::short_number(9999) == "9999");
    CHECK(cli::short_number(12345) == "12.3k");
    CHECK(cli::short_number(4560000) == "4.56M");
    CHECK(cli::short_duration(12000) == "12 s");
    CHECK(cli::short_duration(200000) == "3 min 20 s");
    CHECK(cli::short_duration(7500000) == "2 h 5 min");
}

TEST_CASE("a metrics server that is stopped as soon as it was started ends") {
    const int port = free_port();
    for (int i = 0; i < 200; ++i) {
        cli::Metrics metrics{"cdc_test"};
        metrics.publish("127.0.0.1:" + std::to_string(port));
    }
    std::optional<cli::Metrics> metrics{std::in_place, "cdc_test"};
    metrics->publish("127.0.0.1:" + std::to_string(port));
    const io::FileDescriptor silent{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    const auto begun = base::steady_ms();
    metrics.reset();
    CHECK(base::steady_ms() - begun < 4000);
}
