#include "cdc-publish/exactly_once.hpp"
#include "event/line_predictor.hpp"

#include "mock_kafka.hpp"
#include "support.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

using namespace cdc;
using publish::ExactlyOnceStream;

namespace {

/// These brokers answer no question about a topic's settings.
constexpr int kAdminTimeoutMs = 50;

std::string source(const char* table, int position, int index = 1) {
    return fmt::format(
        R"("source":{{"connector":"postgresql","ts_ms":5,"db":"d","schema":"s","table":"{}","order":"0001{:016x}{:012x}"}})",
        table, position, index);
}

std::string table_line(const char* table, int position, const std::string& version) {
    return fmt::format(
        R"({{"table":{{"name":"s.{}","version":"{}","columns":[{{"name":"id","type":"integer","nullable":false,"key":1}}]}},{},"ts_ms":5}})",
        table, version, source(table, position));
}

/// The row is long and says whose it is, so that a torn record is seen.
std::string change(const char* table, int id, int position, char op = 'c', int index = 1) {
    const std::string row =
        fmt::format(R"({{"id":{},"note":"{} of {} {}"}})", id, position, table,
                    std::string(static_cast<std::size_t>(position % 7) * 40, *table));
    const std::string key = fmt::format(R"({{"id":{}}})", id);
    const bool truncate = op == 't';
    return fmt::format(R"({{"key":{},"before":{},"after":{},{},"op":"{}","ts_ms":5}})",
                       truncate ? "null" : key, op == 'd' ? key : "null",
                       op == 'd' || truncate ? "null" : row, source(table, position, index), op);
}

std::string snapshot_line(const char* table, const char* status, int position) {
    return fmt::format(R"({{"snapshot":{{"status":"{}","whole":true}},{},"ts_ms":5}})", status,
                       source(table, position, 0));
}

std::string facts_line(const char* table, int position) {
    return fmt::format(R"({{"facts":{{"oid":1}},{},"ts_ms":5}})", source(table, position, 0));
}

std::string mark_line(const char* table, int position) {
    return fmt::format(R"({{"mark":{{"kind":"stale","why":"x"}},{},"ts_ms":5}})",
                       source(table, position, 0));
}

std::string checkpoint(int position) {
    return fmt::format(
        R"({{"checkpoint":{{"v":1,"kind":"postgres","server":"1","database":"d","slot":"x","position":"0/{0:X}","order":"0001{0:016x}000000000000","commit_ts_ms":1,"snapshot":null}},"ts_ms":5}})",
        position);
}

/// Every kind of line, of two tables whose lines alternate; `base` tells one run from another.
std::vector<std::string> lines(int base) {
    const auto version = [base](const char* table, int number) {
        return fmt::format("{}{:08}{:07}", table, base, number);
    };
    return {
        table_line("a", base + 100, version("a", 1)),
        facts_line("a", base + 100),
        snapshot_line("a", "begin", base + 100),
        change("a", base + 1, base + 100, 'r', 0),
        change("a", base + 2, base + 100, 'r', 0),
        snapshot_line("a", "end", base + 100),
        checkpoint(base + 101),
        change("a", base + 1, base + 110, 'u'),
        table_line("b", base + 111, version("b", 1)),
        change("b", base + 7, base + 111),
        change("a", base + 2, base + 112, 'd'),
        change("b", base + 7, base + 113, 'u'),
        table_line("a", base + 114, version("a", 2)),
        facts_line("a", base + 114),
        change("b", base + 8, base + 115),
        mark_line("b", base + 116),
        change("a", base + 3, base + 116),
        change("b", base + 7, base + 117, 't'),
        table_line("b", base + 118, version("b", 2)),
        table_line("a", base + 118, version("a", 1)),
        change("a", base + 3, base + 119, 'd'),
        checkpoint(base + 120),
        change("b", base + 9, base + 121),
    };
}

/// A stream, to which runs of lines are given one after the other.
struct Bed {
    Bed() {
        for (const char* topic : {"s.a", "s.b", "schema-changes", "checkpoints", "heartbeat"}) {
            kafka.make_topic(std::string{"p."} + topic);
        }
        options.prefix = "p";
        options.transactional_id = "cdc-publish.p";
        options.exactly_once = true;
        options.settings = kafka.settings();
        options.kafka.connect_timeout_ms = 10'000;
        options.transaction_rows = 4;
        start();
    }

    /// As a new process would.
    void start() {
        stream.reset();
        producer = std::make_unique<kafka::Producer>(
            kafka::Producer::Options{options.settings, options.transactional_id, 60'000,
                                     options.queue_bytes, 10'000, -1, kAdminTimeoutMs},
            acknowledgements);
        stream = std::make_unique<ExactlyOnceStream>(options, *producer, acknowledgements, figures);
    }

    /// Sends the lines; `before` is called before each of them, and before the end, with a number.
    template<typename Before>
    void send(const std::vector<std::string>& all, Before&& before) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            before(i);
            // The reader's buffer is used again for the next line.
            buffer.assign(all[i]).append(event::LinePredictor::kPadding, '\0');
            stream->take(std::string_view{buffer}.substr(0, all[i].size()), i + 1);
            buffer.assign(buffer.size(), '#');
        }
        before(all.size());
        stream->finish(1000);
    }

    MockKafka kafka;
    publish::Options options;
    kafka::Acknowledgements acknowledgements;
    publish::Figures figures{{}};
    std::unique_ptr<kafka::Producer> producer;
    std::unique_ptr<ExactlyOnceStream> stream;
    std::string buffer;
};

using Records = std::vector<MockKafka::Record>;

bool is_of_table(const std::string& line, char table) {
    return line.find(fmt::format(R"("table":"{}","order")", table)) != std::string::npos;
}

/// What the lines become, by topic.
std::map<std::string, Records> wanted(const std::vector<std::string>& all) {
    std::map<std::string, Records> out;
    std::set<std::string> announced;
    for (const char table : {'a', 'b'}) {
        Records& records = out[std::string{"p.s."} + table];
        std::string version;
        for (const std::string& line : all) {
            if (!is_of_table(line, table)) {
                continue;
            }
            if (line.substr(0, 7) != R"({"key":)") {
                if (line.substr(0, 8) == R"({"table")") {
                    version = line.substr(line.find(R"("version":)") + 11, 16);
                }
                records.push_back({std::nullopt, line, version});
                continue;
            }
            const std::size_t comma = line.find(R"(,"before")");
            const std::string key = line.substr(7, comma - 7);
            const auto record_key = key == "null" ? std::nullopt : std::optional{key};
            records.push_back({record_key, "{" + line.substr(comma + 1), version});
            if (line.find(R"("op":"d")") != std::string::npos) {
                records.push_back({record_key, std::nullopt, version});
            }
        }
    }
    for (const std::string& line : all) {
        if (line.substr(0, 8) != R"({"table")") {
            continue;
        }
        const std::string version = line.substr(line.find(R"("version":)") + 11, 16);
        if (announced.insert(version).second) {
            out["p.schema-changes"].push_back(
                {fmt::format(R"({{"db":"d","schema":"s","table":"{}","version":"{}"}})", version[0],
                             version),
                 line, version});
        }
    }
    return out;
}

/// A transaction that was aborted is sent again as a whole, and its first records stay visible in
/// these brokers: the last of equal records is the committed one.
Records last_of_each(const Records& all) {
    Records out;
    std::set<MockKafka::Record> seen;
    for (auto record = all.rbegin(); record != all.rend(); ++record) {
        if (seen.insert(*record).second) {
            out.push_back(*record);
        }
    }
    std::reverse(out.begin(), out.end());
    return out;
}

/// What the brokers hold of each topic, and what was wanted of them.
void check_contents(const MockKafka& kafka, const std::vector<std::string>& all,
                    std::size_t most_times) {
    for (const auto& of_topic : wanted(all)) { // clang 14: no binding goes into doctest's lambdas
        const std::string& topic = of_topic.first;
        const Records& records = of_topic.second;
        CAPTURE(topic);
        const Records found = kafka.records(topic);
        std::map<MockKafka::Record, std::size_t> times;
        for (const auto& record : found) {
            ++times[record];
        }
        const std::set<MockKafka::Record> known{records.begin(), records.end()};
        for (const auto& time : times) {
            const std::string text = time.first.value.value_or("null");
            CHECK_MESSAGE(known.count(time.first) > 0, "no line's record: ", text);
            CHECK_MESSAGE(time.second <= most_times, text);
        }
        CHECK(last_of_each(found) == records);
    }
    const std::string position = *kafka.records("p.checkpoints").back().value;
    const std::size_t order = all.back().find(R"("order":)");
    CHECK(position.find(all.back().substr(order, 42)) != std::string::npos);
}

} // namespace

TEST_CASE("exactly once: without an abort every record is there once") {
    Bed bed;
    bed.options.transaction_rows = 1000;
    bed.send(lines(0), [](std::size_t) {});
    check_contents(bed.kafka, lines(0), 1);
    // Committed before the first use of each of four table lines, and at the end.
    CHECK(bed.kafka.records("p.checkpoints").size() == 5);
}

TEST_CASE("exactly once: an abort at any request before any line loses and alters nothing") {
    Bed bed;
    std::vector<std::string> all;
    int base = 0;
    for (const MockKafka::Request request :
         {MockKafka::add_partitions, MockKafka::produce, MockKafka::end_transaction}) {
        for (std::size_t at = 0; at <= lines(0).size(); ++at) {
            const auto run = lines(base);
            base += 1000;
            bed.send(run, [&](std::size_t number) {
                if (number == at) {
                    bed.kafka.fail_next(request, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
                }
            });
            all.insert(all.end(), run.begin(), run.end());
        }
    }
    check_contents(bed.kafka, all, 3);
}

TEST_CASE("exactly once: what the brokers refuse ends the stream") {
    for (const MockKafka::Request request : {MockKafka::add_partitions, MockKafka::produce}) {
        CAPTURE(request);
        Bed bed;
        bed.kafka.fail_next(request, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        CHECK_FAILS(bed.send(lines(0), [](std::size_t) {}), refused, "uthorization");
    }
}

TEST_CASE(
    "exactly once: rows of an unfinished snapshot come again, those of a finished one do not") {
    for (const bool done : {false, true}) {
        CAPTURE(done);
        Bed bed;
        std::vector<std::string> all{table_line("a", 100, "a000000000000001")};
        for (int id = 0; id < 10; ++id) {
            all.push_back(change("a", id, 100, 'r', 0));
        }
        std::vector<std::string> first{all.begin(), all.begin() + 6};
        std::string progress = checkpoint(100);
        const std::string state = done ? R"("snapshot":"done")" : R"("snapshot":{"tables":{}})";
        progress.replace(progress.find(R"("snapshot":null)"), 15, state);
        first.push_back(progress);
        bed.send(first, [](std::size_t) {});
        bed.start();
        bed.send(all, [](std::size_t) {});
        std::set<std::string> ids;
        std::size_t rows = 0;
        for (const auto& record : bed.kafka.records("p.s.a")) {
            if (record.key) {
                ids.insert(*record.key);
                ++rows;
            }
        }
        CHECK(ids.size() == (done ? 5 : 10));
        CHECK(rows == (done ? 5 : 15));
    }
}

TEST_CASE("exactly once: rows of a table that was not read before are sent, whatever their order") {
    Bed bed;
    const std::vector<std::string> stream{table_line("a", 90, "a000000000000001"),
                                          change("a", 1, 200), checkpoint(201)};
    bed.send(stream, [](std::size_t) {});
    // A snapshot of each table, of a server on which nothing happened in between, kept in files.
    for (const char* table : {"a", "b"}) {
        const std::vector<std::string> snapshot{table_line(table, 100, "a000000000000001"),
                                                snapshot_line(table, "begin", 100),
                                                change(table, 5, 100, 'r', 0),
                                                change(table, 6, 100, 'r', 0),
                                                snapshot_line(table, "end", 100),
                                                checkpoint(100)};
        // Killed in the midst of it, whole, and whole once more.
        for (const std::size_t size : {std::size_t{3}, snapshot.size(), snapshot.size()}) {
            bed.start();
            bed.send({snapshot.begin(), snapshot.begin() + static_cast<std::ptrdiff_t>(size)},
                     [](std::size_t) {});
        }
        const std::string topic = std::string{"p.s."} + table;
        std::map<std::string, int> rows;
        for (const auto& record : bed.kafka.records(topic)) {
            rows[record.key.value_or("")] += 1;
        }
        CHECK(rows[R"({"id":5})"] == 2); // of an unfinished snapshot they come again
        CHECK(rows[R"({"id":6})"] == 1);
    }
}

TEST_CASE("exactly once: the stream begins below the rows of a snapshot that went on") {
    const auto done = [](int position) {
        std::string line = checkpoint(position);
        return line.replace(line.find(R"("snapshot":null)"), 15, R"("snapshot":"done")");
    };
    const std::vector<std::string> snapshot{
        table_line("a", 100, "a000000000000001"), change("a", 1, 100, 'r', 0), // killed behind it
        table_line("b", 200, "b000000000000001"), change("b", 1, 200, 'r', 0), done(100)};
    const std::vector<std::string> stream{table_line("a", 100, "a000000000000001"),
                                          change("a", 1, 150, 'u'), change("a", 1, 250, 'u')};
    std::vector<std::string> all = snapshot;
    all.insert(all.end(), stream.begin() + 1, stream.end());
    for (const bool together : {false, true}) {
        CAPTURE(together);
        Bed bed;
        if (together) {
            bed.send(all, [](std::size_t) {});
        } else {
            bed.send(snapshot, [](std::size_t) {});
            bed.start();
            bed.send(stream, [](std::size_t) {});
        }
        bed.start();
        bed.send(stream, [](std::size_t) {});
        bed.start();
        bed.send(snapshot, [](std::size_t) {}); // its last checkpoint did not reach the file
        std::set<MockKafka::Record> changes;
        for (const char* topic : {"p.s.a", "p.s.b"}) {
            for (const auto& record : bed.kafka.records(topic)) {
                CHECK((!record.key || changes.insert(record).second));
            }
        }
        CHECK(changes.size() == 4);
    }
}

TEST_CASE("exactly once: rows of a view's snapshot go on where a killed publisher was") {
    const auto of_view = [](std::string line) {
        line.replace(line.find("postgresql"), 10, "transform");
        return line;
    };
    std::vector<std::string> cut{of_view(table_line("a", 100, "a000000000000001")),
                                 of_view(table_line("b", 100, "b000000000000001")),
                                 of_view(change("b", 1, 100, 'c', 1))};
    for (int id = 0; id < 10; ++id) {
        cut.push_back(of_view(change("a", id, 100, 'r', 0)));
    }
    cut.push_back(checkpoint(7));
    const std::size_t before = cut.size() - 11; // rows
    for (const std::size_t killed_at : {before, before + 3, before + 8}) {
        CAPTURE(killed_at);
        Bed bed;
        std::vector<std::string> first{checkpoint(5)}; // of a source whose snapshot is done
        first.insert(first.end(), cut.begin(),
                     cut.begin() + static_cast<std::ptrdiff_t>(killed_at));
        bed.send(first, [](std::size_t) {});
        bed.start();
        bed.send(cut, [](std::size_t) {});
        bed.start();
        bed.send(cut, [](std::size_t) {}); // its checkpoint line did not reach the file
        std::size_t rows = 0;
        std::set<std::string> ids;
        for (const auto& record : bed.kafka.records("p.s.a")) {
            if (record.key) {
                ids.insert(*record.key);
                ++rows;
            }
        }
        CHECK(ids.size() == 10);
        CHECK(rows == 10);
    }
}

TEST_CASE("exactly once: a log of MySQL that was begun anew, with lower orders, is refused") {
    const auto checkpoint_of = [](const char* file, int created, int position) {
        return fmt::format(
            R"({{"checkpoint":{{"v":1,"kind":"mysql","server":"1","database":"","slot":"","position":"{}:4","order":"0001{:016x}000000000000","commit_ts_ms":1,"snapshot":null,"history":{{"base":"binlog","created":{}}}}},"ts_ms":5}})",
            file, position, created);
    };
    const auto none = [](std::size_t) {
    };
    Bed bed;
    bed.send({table_line("a", 100, "a000000000000001"), change("a", 1, 500),
              checkpoint_of("binlog.000002", 2000, 501)},
             none);
    bed.start(); // what comes again is of the same log
    bed.send({change("a", 1, 100), checkpoint_of("binlog.000001", 1000, 101), change("a", 1, 500),
              checkpoint_of("binlog.000002", 2000, 501), change("a", 2, 600),
              checkpoint_of("binlog.000002", 2000, 601)},
             none);
    for (const char* file : {"binlog.000001", "binlog.000002"}) {
        bed.start();
        CHECK_FAILS(bed.send({table_line("a", 100, "a000000000000001"), change("a", 1, 100),
                              checkpoint_of(file, 3000, 101)},
                             none),
                    refused, "was begun anew");
    }
}

TEST_CASE("exactly once: a message that its topic does not take is told before it is sent") {
    Bed bed;
    bed.kafka.make_topic("p.message");
    const auto message_line = [](int position, std::size_t size) {
        return fmt::format(
            R"({{"key":{{"prefix":"x"}},"before":null,"after":null,"message":{{"content":"{}"}},{},"op":"m","ts_ms":5}})",
            std::string(size, 'A'), source("", position));
    };
    CHECK_FAILS(bed.send({message_line(1, 10), message_line(2, 2'000'000)}, [](std::size_t) {}),
                bad_data, "max.message.bytes");
}

TEST_CASE("exactly once: views and tables that were let through are not one stream") {
    Bed bed;
    std::string view = table_line("b", 100, "b000000000000001");
    view.replace(view.find("postgresql"), 10, "transform");
    CHECK_FAILS(bed.send({view, table_line("a", 100, "a000000000000001")}, [](std::size_t) {}),
                refused, "cannot be compared");
}

TEST_CASE("nothing of a table is sent before its table line is acknowledged") {
    Bed bed;
    bed.options.exactly_once = false;
    kafka::Acknowledgements acknowledgements;
    kafka::Producer producer{
        {bed.options.settings, "", 60'000, bed.options.queue_bytes, 10'000, -1, kAdminTimeoutMs},
        acknowledgements};
    publish::PlainStream stream{bed.options, producer, acknowledgements};
    const auto take = [&](std::string text) {
        const std::size_t size = text.size();
        text.append(event::LinePredictor::kPadding, '\0');
        stream.take(std::string_view{text}.substr(0, size), 1);
    };
    take(table_line("a", 99, "a000000000000000")); // looks at the topics
    REQUIRE(stream.finish(10'000));
    rd_kafka_mock_broker_set_rtt(bed.kafka.cluster(), 1, 300);
    int version = 0;
    for (const std::string& line :
         {change("a", 1, 100, 'r', 0), change("a", 1, 101), change("a", 1, 101, 't'),
          snapshot_line("a", "begin", 100), snapshot_line("a", "end", 100), facts_line("a", 100),
          mark_line("a", 100)}) {
        CAPTURE(line);
        take(table_line("a", 100, fmt::format("a{:015}", ++version)));
        CHECK(acknowledgements.outstanding() == 2); // its own topic, and schema-changes
        take(line);
        CHECK(acknowledgements.outstanding() == 1);
        take(line); // the table is known now
        CHECK(acknowledgements.outstanding() == 2);
        CHECK(stream.finish(10'000));
    }
}
