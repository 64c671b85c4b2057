#include "cdc-publish/exactly_once.hpp"
#include "event/line_predictor.hpp"

#include "mock_kafka.hpp"
#include "support.hpp"

#include <algorithm>
#include <memory>

using namespace cdc;

namespace {

/// Runs of a publisher, whose brokers cannot delete a topic: another template of names stands for
/// topics that were made anew, or are gone.
struct Runs {
    Runs() {
        for (const char* topic : {"p.s.a", "p.s.b", "p.old.a", "p.old.b", "p.schema-changes",
                                  "p.checkpoints", "p.heartbeat"}) {
            brokers.make_topic(topic);
        }
        options.prefix = "p";
        options.transactional_id = "cdc-publish.p";
        options.exactly_once = true;
        options.settings = brokers.settings();
        options.kafka.connect_timeout_ms = 10'000;
    }

    void run(const std::string& topics, const std::vector<std::string>& lines) {
        options.topic_template = "{prefix}." + topics + ".{table}";
        kafka::Acknowledgements acknowledgements;
        publish::Figures figures{{}};
        kafka::Producer producer{{options.settings, options.transactional_id, 60'000,
                                  options.queue_bytes, 10'000, -1, 50},
                                 acknowledgements};
        publish::ExactlyOnceStream stream{options, producer, acknowledgements, figures};
        std::uint64_t number = 0;
        for (const std::string& line : lines) {
            std::string text = line;
            text.append(event::LinePredictor::kPadding, '\0');
            stream.take(std::string_view{text}.substr(0, line.size()), ++number);
        }
        stream.finish(1000);
    }
    std::size_t count(const std::string& topic, std::string_view words = "") const {
        const auto records = brokers.records(topic);
        return static_cast<std::size_t>(
            std::count_if(records.begin(), records.end(), [&](const auto& record) {
                return record.value.value_or("").find(words) != std::string::npos;
            }));
    }

    MockKafka brokers;
    publish::Options options;
};

std::string of_table(const char* table, int position, int index) {
    return fmt::format(
        R"("source":{{"connector":"postgresql","ts_ms":5,"db":"d","schema":"s","table":"{}","order":"0001{:016x}{:012x}"}})",
        table, position, index);
}

std::string shape(const char* table, int position) {
    return fmt::format(
        R"({{"table":{{"name":"s.{0}","version":"{0}000000000000001","columns":[{{"name":"id","type":"integer","nullable":false,"key":1}}]}},{1},"ts_ms":5}})",
        table, of_table(table, position, 1));
}

std::string row(const char* table, int id, int position, char op = 'c') {
    return fmt::format(
        R"({{"key":{{"id":{0}}},"before":null,"after":{{"id":{0}}},{1},"op":"{2}","ts_ms":5}})", id,
        of_table(table, position, op == 'r' ? 0 : 1), op);
}

std::string snapshot_of(const char* table, const char* status, int position) {
    return fmt::format(R"({{"snapshot":{{"status":"{}","whole":true}},{},"ts_ms":5}})", status,
                       of_table(table, position, 0));
}

std::string checkpoint_at(int position, const char* snapshot = "null") {
    return fmt::format(
        R"({{"checkpoint":{{"v":1,"kind":"postgres","server":"1","database":"d","slot":"x","position":"0/{0:X}","order":"0001{0:016x}000000000000","commit_ts_ms":1,"snapshot":{1}}},"ts_ms":5}})",
        position, snapshot);
}

} // namespace

TEST_CASE("exactly once: nothing is dropped for a topic that was made anew or is gone") {
    const std::vector<std::string> lines{shape("a", 100), row("a", 1, 100), row("a", 2, 101),
                                         checkpoint_at(102)};
    Runs bed;
    bed.run("old", lines);
    CHECK(bed.count("p.old.a", "\"op\"") == 2);
    for (int again = 0; again < 2; ++again) { // a refused run leaves no trace
        CHECK_FAILS(bed.run("s", lines), refused,
                    "topic 'p.s.a' were committed before by transactional id 'cdc-publish.p' and "
                    "would be dropped, but the topic has never had a record");
        CHECK(bed.count("p.s.a") == 0);
        CHECK_FAILS(bed.run("gone", lines), refused, "is not there");
    }
    bed.run("old", lines);
    CHECK(bed.count("p.old.a", "\"op\"") == 2);
    bed.options.on_error = "dead-letter"; // there they may have gone
    bed.run("s", lines);
    CHECK(bed.count("p.s.a", "\"op\"") == 0);
    bed.options.transactional_id = "another";
    bed.run("s", lines);
    CHECK(bed.count("p.s.a", "\"op\"") == 2);
}

TEST_CASE("exactly once: a topic that had nothing to get yet is no other one") {
    const std::vector<std::string> first{shape("a", 100), row("a", 1, 100), checkpoint_at(101)};
    Runs bed;
    bed.run("s", first);
    // What comes again, and a table whose first line stands between; its change is a new one.
    bed.run("s", {shape("b", 100), shape("a", 100), row("a", 1, 100), snapshot_of("b", "begin", 99),
                  row("b", 5, 99, 'r'), snapshot_of("b", "end", 99), checkpoint_at(101)});
    bed.run("s", {shape("b", 100), shape("a", 100), row("a", 1, 100), row("b", 6, 200),
                  checkpoint_at(201)});
    CHECK(bed.count("p.s.a", "\"op\"") == 1);
    const auto records = bed.brokers.records("p.s.b");
    REQUIRE(records.size() == 6);
    const char* const wanted[] = {R"("columns")", R"("begin")",   R"("op":"r")",
                                  R"("end")",     R"("columns")", R"("op":"c")"};
    for (std::size_t at = 0; at < records.size(); ++at) {
        CHECK(records[at].value.value_or("").find(wanted[at]) != std::string::npos);
    }
}

TEST_CASE("exactly once: begin and end of a snapshot come again only as its rows do") {
    const std::vector<std::string> lines{
        shape("a", 100),       snapshot_of("a", "begin", 100), row("a", 1, 100, 'r'),
        row("a", 2, 100, 'r'), snapshot_of("a", "end", 100),   checkpoint_at(100, R"("done")")};
    Runs bed;
    bed.run("s", {lines.begin(), lines.begin() + 3}); // killed
    for (int again = 0; again < 3; ++again) {
        bed.run("s", lines);
    }
    CHECK(bed.count("p.s.a", "\"op\"") == 3);
    CHECK(bed.count("p.s.a", "\"begin\"") == 2);
    CHECK(bed.count("p.s.a", "\"end\"") == 1);
}

TEST_CASE("exactly once: lines of several partitions, whose orders do not rise, are refused") {
    const auto kafka_at = [](const char* group, const char* position, const char* behind = "") {
        return fmt::format(
            R"({{"checkpoint":{{"v":1,"kind":"kafka","server":"c","database":"","slot":"{}","position":"{}","order":"00010000000000000064000000000000","commit_ts_ms":1,"snapshot":null{}}},"ts_ms":5}})",
            group, position, behind);
    };
    // The second partition's lines are behind; they would be dropped in the next run.
    const std::vector<std::string> lines{shape("a", 100), row("a", 1, 200), row("a", 2, 100)};
    const auto with = [&](const std::string& checkpoint, bool view = false) {
        std::vector<std::string> all = lines;
        all.push_back(checkpoint);
        for (std::string& line : all) {
            if (const auto at = line.find("postgresql"); view && at != std::string::npos) {
                line.replace(at, 10, "transform");
            }
        }
        return all;
    };
    for (const auto& refused :
         {kafka_at("", "t:0=5,1=7"), kafka_at("", "t:0=5;u:0=7"), kafka_at("g", "t:0=5"),
          kafka_at("", "p.marks:0=1;t:0=5,1=7", R"(,"marks":true)")}) {
        Runs bed;
        CHECK_FAILS(bed.run("s", with(refused)), refused, "several partitions");
        CHECK(bed.count("p.checkpoints", R"("checkpoint":{)") == 0);
    }
    Runs bed;
    bed.run("s", with(kafka_at("", "t:0=5")));
    bed.options.transactional_id = "marks";
    bed.run("s", with(kafka_at("", "p.marks:0=1;t:0=5", R"(,"marks":true)")));
    bed.options.transactional_id = "views";
    bed.run("s", with(kafka_at("", "t:0=5,1=7"), true));
}

TEST_CASE("exactly once: repairs of a server that stands still are sent, each") {
    // A row that is to go, and one of a table without key, as cdc-verify --repair writes them.
    const auto repair = [](int id) {
        return std::vector<std::string>{
            shape("a", 100),
            fmt::format(
                R"({{"key":{{"id":{0}}},"before":{{"id":{0}}},"after":null,{1},"op":"d","ts_ms":5}})",
                id, of_table("a", 100, 0)),
            fmt::format(
                R"({{"key":null,"before":null,"after":{{"id":{}}},"source":{{"connector":"postgresql","ts_ms":5,"db":"d","schema":"s","table":"a","order":"00010000000000000064800000000001"}},"op":"c","ts_ms":5}})",
                id)};
    };
    Runs bed;
    for (const int id : {1, 2, 3}) {
        bed.run("s", repair(id));
    }
    CHECK(bed.count("p.s.a", R"("op":"d")") == 3);
    CHECK(bed.count("p.s.a", R"("op":"c")") == 3);
}
