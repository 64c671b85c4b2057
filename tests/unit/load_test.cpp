#include "base/log.hpp"
#include "cdc-load/careful_loader.hpp"
#include "cdc-load/loader.hpp"
#include "cdc-load/purge.hpp"
#include "event/dead_letter.hpp"

#include "support.hpp"

#include <fstream>
#include <iterator>

using namespace cdc;

namespace {

/// An empty target that refuses a row with BAD in it, as a constraint would.
class FakeTarget : public clickhouse::Transport {
public:
    std::string rows;  ///< all that were taken
    std::string state; ///< rows of _cdc_state
    int refusals = 0;
    int code = 469;
    int counted = 0; ///< questions how many updates wait

    void execute(std::string_view /*sql*/) override {}
    std::string query(std::string_view sql, std::string_view /*format*/) override {
        counted += sql.find("count() FROM `t_pending`") != std::string_view::npos ? 1 : 0;
        return sql == "SELECT version()" ? "25.3.1.1\n" : "";
    }
    void insert(std::string_view into, std::string_view /*format*/,
                std::span<const std::string_view> pieces) override {
        std::string all;
        for (const std::string_view piece : pieces) {
            all += piece;
        }
        if (into.find("_cdc_state") != std::string_view::npos) {
            state += all;
        } else if (all.find("BAD") != std::string::npos) {
            ++refusals;
            throw clickhouse::server_error("refused", fmt::format("Code: {}. no", code), code, 500);
        } else {
            rows += all;
        }
    }
    const std::string& name() const override { return m_name; }

private:
    std::string m_name{"fake"};
};

constexpr const char* kTable =
    R"({"table":{"name":"s.t","version":"v","columns":[{"name":"id","type":"integer","nullable":)"
    R"(false,"key":1},{"name":"note","type":"text","nullable":true}]},"source":)";

std::string source(int position, int index) {
    return fmt::format(R"({{"connector":"postgresql","db":"d","schema":"s","table":"t",)"
                       R"("order":"0001{:016x}{:012x}"}})",
                       position, index);
}

/// A change of a row, or a whole line of another kind.
std::string change(char op, int id, int position, const std::string& note,
                   const std::string& more = "") {
    const std::string after =
        op == 'd' ? "null" : fmt::format(R"({{"id":{},"note":"{}"}})", id, note);
    return fmt::format(
        R"({{"key":{{"id":{0}}},"before":null,"after":{1},{2}"source":{3},"op":"{4}"}})", id, after,
        more, source(position, id), op);
}

struct Loaded {
    FakeTarget target;
    std::uint64_t letters = 0;
    std::vector<std::string> file;
};

void run_loader(Loaded& result, const std::vector<std::string>& lines, const std::string& file,
                bool dead_letters = true, std::uint64_t batch_rows = 500'000) {
    base::log::set_level(base::log::Level::error);
    load::Options options;
    options.dead_letters = dead_letters;
    options.dead_letter = file;
    options.retry_ms = 0;
    options.batch_rows = batch_rows;
    load::Figures figures{{}};
    load::Loader loader{result.target, options, figures};
    std::uint64_t number = 0;
    for (std::string line : lines) {
        const std::size_t size = line.size();
        line.append(event::LinePredictor::kPadding, '\0');
        loader.take({line.data(), size}, ++number);
    }
    loader.finish();
    result.letters = loader.dead_letters();
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
        result.file.push_back(line);
    }
}

int count(const std::string& text, const std::string& word) {
    int n = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        ++n;
    }
    return n;
}

} // namespace

TEST_CASE("of a batch of 1,000 rows the bad one goes to the file, and its key is parked") {
    const TemporaryFolder folder;
    std::vector<std::string> lines{kTable + source(1, 0) + "}"};
    for (int id = 1; id <= 1000; ++id) {
        lines.push_back(change('c', id, 16, id == 700 ? "BAD" : "good"));
    }
    Loaded result;
    run_loader(result, lines, folder.file("dead"));
    CHECK(result.letters == 1);
    REQUIRE(result.file.size() == 2);
    CHECK(result.file[0] == lines[0]);
    CHECK(result.file[1].find(R"("line_number":701,)") != std::string::npos);
    CHECK(count(result.target.rows, "good") == 999);
    CHECK(result.target.refusals <= 12);
    CHECK(result.target.state.find(R"({"id":700})") != std::string::npos);
}

TEST_CASE("what is no row's fault is no dead letter") {
    for (const int code : {33, 53, 60, 164, 497}) {
        const TemporaryFolder folder;
        Loaded result;
        result.target.code = code;
        CHECK_FAILS(run_loader(result, {kTable + source(1, 0) + "}", change('c', 1, 16, "BAD")},
                               folder.file("dead")),
                    refused, "no");
        CHECK(result.file.empty());
    }
}

TEST_CASE("without a file the refused batch stops the loader") {
    Loaded result;
    CHECK_FAILS(
        run_loader(result, {kTable + source(1, 0) + "}", change('c', 1, 16, "BAD")}, "", false),
        refused, "no");
}

TEST_CASE("how many updates wait is asked at the end, and not in each batch") {
    std::vector<std::string> lines{kTable + source(1, 0) + "}"};
    for (int id = 1; id <= 20; ++id) {
        lines.push_back(fmt::format(
            R"({{"key":{{"id":{0}}},"after":{{"id":{0}}},"unchanged":["note"],"source":{1},"op":"u"}})",
            id, source(16, id)));
    }
    Loaded result;
    run_loader(result, lines, "", false, 1);
    CHECK(result.target.counted == 1);
}

TEST_CASE("a line that names no column of the table, or does not tell its row, is refused") {
    const auto fails = [](const std::string& line, const std::string& words) {
        Loaded result;
        CHECK_FAILS(run_loader(result,
                               {kTable + source(1, 0) + "}",
                                R"({"key":)" + line + source(16, 1).substr(1) + "}"},
                               "", false),
                    bad_data, words);
        CHECK(result.target.rows.empty());
    };
    const std::string from = R"("source":{)";
    fails(R"({"id":1},"after":{"id":1,"note":"x"},"unchanged":["bio"],"op":"u",)" + from,
          "column 'bio' is not in the table line before it");
    // What has no value would be the type's default, which is another row's key.
    fails(R"({"id":1},"after":{"note":"x"},"unchanged":["id"],"op":"u",)" + from,
          "column 'id' has no value");
    fails(R"({"id":1},"after":{"note":"x"},"op":"c",)" + from + R"("gone":["id"],)",
          "column 'id' has no value");
    fails(R"({},"before":{"note":"x"},"after":null,"op":"d",)" + from,
          "column 'id' of the key has no value");
    fails(R"({"id":1},"after":{"id":1,"id":2},"op":"c",)" + from, "column 'id' has two values");
}

TEST_CASE("the lines of a key behind its bad one follow it, the two of a key change together") {
    const TemporaryFolder folder;
    Loaded result;
    run_loader(result,
               {kTable + source(1, 0) + "}", change('c', 1, 16, "good"), change('c', 2, 16, "BAD"),
                change('d', 1, 17, "", R"("key_after":{"id":2},)"),
                change('c', 2, 18, "good", R"("key_before":{"id":1},)"), change('c', 3, 18, "good"),
                change('u', 1, 19, "good")},
               folder.file("dead"));
    // In one batch the last state of key 2 takes the place of its bad one.
    CHECK(result.letters == 0);
    CHECK(count(result.target.rows, "good") == 3);

    Loaded split;
    run_loader(split,
               {kTable + source(1, 0) + "}", change('c', 1, 16, "good"),
                change('d', 1, 17, "", R"("key_after":{"id":2},)"),
                change('c', 2, 18, "BAD", R"("key_before":{"id":1},)"), change('c', 3, 18, "good"),
                change('u', 1, 19, "good")},
               folder.file("dead2"));
    CHECK(split.letters == 3);
    CHECK(split.target.state.find(R"({"id":1})") != std::string::npos);
    CHECK(split.target.state.find(R"({"id":2})") != std::string::npos);
    CHECK(count(split.target.rows, "good") == 2);
}

TEST_CASE("a hundred refusals in turn are not the rows' fault") {
    const TemporaryFolder folder;
    std::vector<std::string> lines{kTable + source(1, 0) + "}"};
    for (int id = 1; id <= 1000; ++id) {
        lines.push_back(change('c', id, 16, "BAD"));
    }
    Loaded result;
    CHECK_FAILS(run_loader(result, lines, folder.file("dead")), refused, "not the rows' fault");
    CHECK(result.target.refusals < 250);
}

TEST_CASE("the key of a line is written in the order of the table's key") {
    clickhouse::TargetShape shape;
    shape.columns.resize(3);
    shape.columns[0].name = "a";
    shape.columns[1].name = "b \"q\"";
    shape.columns[2].name = "c";
    shape.key = {1, 0};
    event::LineDecoder decoder;
    const std::string tail = R"(,"source":)" + source(1, 1) + R"(,"op":"c"})";
    CHECK(
        load::key_text(shape, decoder.decode(R"({"key":{ "a" : 1, "b \"q\"":"x"},"after":{"a":1})" +
                                             tail)) == R"({"b \"q\"":"x","a":1})");
    CHECK(load::key_text(shape, decoder.decode(R"({"key":null,"after":{"b \"q\"":null,"a":1})" +
                                               tail)) == R"({"b \"q\"":null,"a":1})");
    CHECK(load::key_text(shape, decoder.decode(R"({"key":null,"after":{"c":1})" + tail)).empty());
}

TEST_CASE("a torn last line of the dead-letter file is cut off") {
    const TemporaryFolder folder;
    const std::string path = folder.file("dead");
    std::ofstream{path} << "whole\n" << std::string(10'000, 't');
    event::append_dead_letter(path, "next");
    std::ifstream in{path};
    CHECK(std::string{std::istreambuf_iterator<char>{in}, {}} == "whole\nnext\n");
}

TEST_CASE("deleted rows are kept from the lowest line that can come again on") {
    const auto order = [](std::uint64_t position) {
        return *event::Order::parse(fmt::format("0001{:016x}{:012x}", position, 0));
    };
    clickhouse::TargetState target;
    clickhouse::TableState table;
    CHECK(load::purge_bound(target, table, std::nullopt).order == event::Order{});
    table.parked["{}"] = {order(9), order(9), "bad"};
    CHECK(load::purge_bound(target, table, std::nullopt).order == event::Order{});
    target.sources.push_back({"a", order(50), "", "", 0, 0});
    target.sources.push_back({"b", order(40), "", "", 0, 0});
    CHECK(load::purge_bound(target, table, std::nullopt).why == "the parked key {}");
    table.parked["{}"].reason.clear();
    CHECK(load::purge_bound(target, table, std::nullopt).why == "the checkpoint of b");
    CHECK(load::purge_bound(target, table, order(39)).order == order(39));
    table.reading = order(38);
    CHECK(load::purge_bound(target, table, order(39)).order == order(38));
    table.barrier = order(45);
    CHECK(load::purge_bound(target, table, order(39)).order == order(45));
}
