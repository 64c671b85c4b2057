#include "event/line_decoder.hpp"
#include "kafka/envelope.hpp"
#include "kafka/foreign.hpp"

#include "support.hpp"

#include <fmt/format.h>

#include <random>
#include <set>
#include <vector>

using namespace cdc::kafka;

namespace {

std::string foreign(std::string_view key, std::string_view value, std::int64_t offset = 5,
                    int partition = 0) {
    std::string out;
    append_foreign(out, key, value, partition, offset);
    cdc::event::LineDecoder decoder;
    REQUIRE(out.back() == '\n');
    CHECK(decoder.decode(std::string_view{out}.substr(0, out.size() - 1)).kind ==
          cdc::event::LineKind::change);
    return out;
}

std::string exact(std::string_view json) {
    std::string out;
    append_exact_json(out, json);
    return out;
}

const std::string kSource =
    R"("source":{"connector":"postgresql","db":"d","schema":"s","table":"t","lsn":258})";

} // namespace

TEST_CASE("a bare Debezium change becomes a line with an order") {
    CHECK(
        foreign(R"({"id":7})", R"({"before":null,"after":{"id":7},)" + kSource +
                                   R"(,"op":"c","ts_ms":5,"transaction":null})") ==
        R"({"key":{"id":7},"before":null,"after":{"id":7},"source":{"connector":"postgresql",)"
        R"("db":"d","schema":"s","table":"t","lsn":258,"order":"00010000000000000005000000000001"},)"
        R"("op":"c","ts_ms":5,"transaction":null})"
        "\n");
}

TEST_CASE("Connect's wrapped form is unwrapped, key and value each for itself") {
    const std::string bare =
        foreign(R"({"id":7})", R"({"after":{"id":7},)" + kSource + R"(,"op":"c"})");
    const std::string value =
        R"({"schema":{"type":"struct"},"payload":{"after":{"id":7},)" + kSource + R"(,"op":"c"}})";
    CHECK(foreign(R"({"schema":{},"payload":{"id":7}})", value) == bare);
    CHECK(foreign(R"({"id":7})", value) == bare);
    CHECK(foreign("null", value).substr(0, 11) == R"({"key":null)");
}

TEST_CASE("numbers that a double would change become strings, white space goes") {
    CHECK(exact("[1, -2.50,\n9007199254740993 , 9007199254740992,-9007199254740993, 1e30]") ==
          R"([1,-2.50,"9007199254740993",9007199254740992,"-9007199254740993",1e30])");
    CHECK(exact(R"({"a b":"x \" 12345678901234567890"})") ==
          R"({"a b":"x \" 12345678901234567890"})");
    // Decimals that the converter writes as numbers; digits of a double stay a number.
    CHECK(
        exact("[12345678901234567.89,0.1,-0.30000000000000004,1.7976931348623157E308,4.9E-324,"
              "1e400,1e-400,123456789012345.6,0.12345678901234567890,-0.0,2.00000000000000000000,"
              "9007199254740993.0,-1.5e+3,1.2345678901234567890e-3,1e99999999999999999999]") ==
        R"(["12345678901234567.89",0.1,-0.30000000000000004,1.7976931348623157E308,4.9E-324,)"
        R"("1e400","1e-400",123456789012345.6,"0.12345678901234567890",-0.0,2.00000000000000000000,)"
        R"("9007199254740993.0",-1.5e+3,"1.2345678901234567890e-3","1e99999999999999999999"])");
    const std::string line =
        foreign("{\n \"id\": 7 }",
                "{\n\"after\": {\"id\": 9223372036854775807},\n" + kSource + ",\"op\":\"c\"}\n");
    CHECK(line.find(R"("after":{"id":"9223372036854775807"})") != std::string::npos);
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("values that Debezium did not know become unchanged columns") {
    const std::string line =
        foreign("null", R"({"after":{"id":7,"note":"__debezium_unavailable_value"},)" + kSource +
                            R"(,"op":"u"})");
    CHECK(line.find(R"("after":{"id":7},"unchanged":["note"])") != std::string::npos);
    const std::string others = foreign(
        "null",
        R"({"after":{"id":7,"bytes":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",)"
        R"("hex":"5f5f646562657a69756d5f756e617661696c61626c655f76616c7565",)"
        R"("texts":["__debezium_unavailable_value"],)"
        R"("numbers":[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,)"
        R"(101,95,118,97,108,117,101],"uuids":["b68a35a7-17ad-35b3-af2a-ae46edb4545a"],)"
        R"("map":{"__debezium_unavailable_value":"__debezium_unavailable_value"},)"
        R"("own":["__debezium_unavailable_value","x"]},)" +
            kSource + R"(,"op":"u"})");
    CHECK(others.find(R"("after":{"id":7,"own":["__debezium_unavailable_value","x"]},)"
                      R"("unchanged":["bytes","hex","texts","numbers","uuids","map"])") !=
          std::string::npos);
}

TEST_CASE(
    "orders rise in each partition, over fail-overs, RESETs and late commits, and are unique") {
    struct Server {
        int file = 3;
        int pos = 4;
        std::int64_t lsn = 1000;
    };
    const std::string highest_of_older_versions = "0000ffffffffffffffffffffffffffff";
    for (unsigned int seed = 1; seed <= 20; ++seed) {
        std::mt19937 random{seed};
        const auto chance = [&random](unsigned int one_in) {
            return random() % one_in == 0;
        };
        Server server;
        constexpr int kPartitions = 3;
        std::vector<std::string> last(kPartitions, highest_of_older_versions);
        std::vector<std::int64_t> next(kPartitions, 0);
        std::set<std::string> all;
        for (int event = 0; event < 300; ++event) {
            server.pos += static_cast<int>(random() % 1000);
            server.lsn += static_cast<std::int64_t>(random() % 1000);
            if (chance(20)) {
                ++server.file;
                server.pos = 4;
            }
            if (chance(40)) { // RESET, or another server, which was behind
                server.file = 1;
                server.pos = 4;
                server.lsn /= 2;
            }
            const std::int64_t written = chance(10) ? server.lsn - 500 : server.lsn;
            const std::string source =
                chance(2) ? fmt::format(R"("file":"bin.{:06}","pos":{})", server.file, server.pos)
                          : fmt::format(R"("lsn":{})",
                                        chance(30) ? std::string{"null"} : std::to_string(written));
            const int partition = static_cast<int>(random() % kPartitions);
            const auto at = static_cast<std::size_t>(partition);
            next[at] += chance(5) ? 2 : 1; // ends of transactions have offsets too
            const std::string line =
                foreign("null",
                        fmt::format(R"({{"after":{{}},"source":{{"table":"t",{}}},"op":"{}"}})",
                                    source, chance(10) ? 'r' : 'u'),
                        next[at], partition);
            const std::string order = line.substr(line.find("\"order\":") + 9, 32);
            CHECK(order > last[at]);
            last[at] = order;
            CHECK(all.insert(order).second);
        }
    }
}

TEST_CASE("rows of a snapshot without key become inserts: no begin line stands before them") {
    const std::string value = R"({"before":null,"after":{"n":1},)" + kSource + R"(,"op":"r"})";
    CHECK(foreign("null", value).find(R"("op":"c")") != std::string::npos);
    CHECK(foreign(R"({"schema":null,"payload":null})", value).find(R"("op":"c")") !=
          std::string::npos);
    CHECK(foreign(R"({"id":1})", value).find(R"("op":"r")") != std::string::npos);
}

TEST_CASE("an order that is there stays") {
    const std::string line = foreign(
        "null",
        R"({"after":{},"source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"c"})");
    CHECK(line.find(R"("source":{"table":"t","order":"000100000000015101f0000000000001"})") !=
          std::string::npos);
}

TEST_CASE("what is no change is bad data") {
    std::string out;
    for (const char* value :
         {"", "hello", "[]", "{}", "{\"a\":1}", R"({"source":{},"op":"x"})", R"({"op":"c"})",
          R"({"source":{"a":},"op":"c"})", R"({"source":{},"op":"c"} x)", "{\"a\":\"\xff\"}"}) {
        CAPTURE(value);
        CHECK_FAILS(append_foreign(out, "null", value, 0, 0), bad_data, "");
    }
    CHECK_FAILS(append_foreign(out, "text", R"({"source":{},"op":"c"})", 0, 0), bad_data, "key");
}

TEST_CASE("flat rows carry the deleted mark") {
    ChangeCut cut;
    std::string out;
    cut.op = 'u';
    cut.after = R"({"id":7})";
    append_flat(out, cut);
    CHECK(out == R"({"id":7,"__deleted":"false"})");
    out.clear();
    cut = {};
    cut.op = 'd';
    cut.key = R"({"id":7})";
    cut.before = "null";
    append_flat(out, cut);
    CHECK(out == R"({"id":7,"__deleted":"true"})");
}

TEST_CASE("Connect's schemas follow the table line") {
    const std::string table =
        R"({"name":"s.t","version":"v","columns":[{"name":"id","type":"bigint","nullable":false,"key":1},)"
        R"({"name":"f","type":"real","nullable":true},{"name":"n","type":"numeric","nullable":true}]})";
    const std::string line =
        R"({"key":{"id":"9223372036854775807"},"before":null,"after":{"id":"9223372036854775807","f":1.5,"n":"2.50"},)"
        R"("source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"c","ts_ms":5})";
    ConnectSchemas schemas;
    ChangeCut cut;
    cut_change(line, cut);
    std::string key;
    schemas.append_key(key, cut, "p.s.t", "v", table);
    CHECK(key ==
          R"({"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"}],)"
          R"("optional":false,"name":"p.s.t.Key"},"payload":{"id":9223372036854775807}})");
    std::string value;
    schemas.append_value(value, cut, "p.s.t", "v", table);
    CHECK(
        value.find(
            R"("payload":{"before":null,"after":{"id":9223372036854775807,"f":1.5,"n":"2.50"})") !=
        std::string::npos);
    CHECK_FAILS(schemas.append_value(value, cut, "p.s.t", "", table), bad_data, "no table line");
    cut.key = R"({"id":"1970-01-02"})";
    CHECK_FAILS(schemas.append_key(key, cut, "p.s.t", "v", table), bad_data, "no form");
    const std::string nan =
        R"({"key":null,"after":{"f":"NaN"},)"
        R"("source":{"table":"t","order":"000100000000015101f0000000000001"},"op":"c"})";
    cut_change(nan, cut);
    CHECK_FAILS(schemas.append_value(value, cut, "p.s.t", "v", table), bad_data, "no form");
    const auto with_unchanged = [&](const char* name) {
        const std::string update =
            fmt::format(R"({{"key":null,"after":{{"id":7}},"unchanged":["{}"],)"
                        R"("source":{{"table":"t","order":"000100000000015101f0000000000001"}},)"
                        R"("op":"u"}})",
                        name);
        cut_change(update, cut);
        std::string out;
        schemas.append_value(out, cut, "p.s.t", "v", table);
        return out;
    };
    CHECK(with_unchanged("n").find(R"("after":{"id":7,"n":"__debezium_unavailable_value"})") !=
          std::string::npos);
    CHECK_FAILS(with_unchanged("f"), bad_data, "the log did not carry \"f\"");
}

TEST_CASE("the delete that a tombstone was left of is one of its table") {
    const auto deleted = [](std::string_view sample, std::string_view order) {
        return deletion_like(sample, order, 5);
    };
    CHECK(
        deleted(R"({"table":{"name":"s.t"},"source":{"connector":"postgresql","ts_ms":9,"db":"d",)"
                R"("schema":"s","table":"t","lsn":258,"order":"x"},"ts_ms":9})",
                "000100000000015101f0000000000001") ==
        R"({"before":null,"after":null,"source":{"connector":"postgresql","db":"d","schema":"s",)"
        R"("table":"t","snapshot":"false","ts_ms":5,)"
        R"("order":"000100000000015101f0000000000001"},"op":"d","ts_ms":5})");
    const std::string wrapped = deleted(
        R"({"schema":{"type":"struct"},"payload":{"after":{"id":7},)" + kSource + R"(,"op":"c"}})",
        "");
    CHECK(wrapped.starts_with(R"({"schema":{"type":"struct"},"payload":{"before":null,)"));
    CHECK(foreign(R"({"schema":{},"payload":{"id":7}})", wrapped) ==
          R"({"key":{"id":7},"before":null,"after":null,"source":{"connector":"postgresql",)"
          R"("db":"d","schema":"s","table":"t","snapshot":"false","ts_ms":5,)"
          R"("order":"00010000000000000005000000000001"},"op":"d","ts_ms":5})"
          "\n");
    CHECK(deleted(R"({"id":7})", "").empty());
    CHECK(is_foreign_change(R"({"schema":{},"payload":{"source":{},"op":"d"}})"));
    CHECK_FALSE(is_foreign_change(R"({"table":{},"source":{}})"));
}

TEST_CASE("a key whose columns are called payload or schema is not Connect's wrapped form") {
    const std::string value = R"({"after":{"payload":"x"},)" + kSource + R"(,"op":"c"})";
    CHECK(foreign(R"({"payload":"x"})", value).starts_with(R"({"key":{"payload":"x"},)"));
    CHECK(foreign(R"({"schema":"s","payload":7})", value)
              .starts_with(R"({"key":{"schema":"s","payload":7},)"));
}

TEST_CASE("a key that is broken behind its first members is no key") {
    for (const char* key : {R"({"schema":null,"payl:{"id":1}})", R"({"id":1,"x)", R"({"id":1}})",
                            R"({"schema":{"type":"int32"},"payload":7})", // one value
                            R"({"payload":"a","schema":null})"}) {
        std::string out;
        CAPTURE(key);
        CHECK_THROWS_AS(append_foreign(out, key, "{" + kSource + R"(,"op":"c"})", 0, 5),
                        const cdc::base::Error&);
    }
}
