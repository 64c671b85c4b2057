#include "cdc-snapshot/postgres_table.hpp"

#include "fake_lookup.hpp"
#include "io/atomic_file.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

#include <fcntl.h>

using namespace cdc;
using cdc::snapshot::Work;
using Json = nlohmann::json;

namespace {

/// One table, read as cdc-snapshot's readers would; what came out of it.
class Fixture {
public:
    Fixture() {
        postgres::pgoutput::Relation relation{7, "public", "t", 'd', {{true, "id", 23, -1}}};
        postgres::ScanTable scan;
        scan.oid = 7;
        scan.schema = "public";
        scan.name = "t";
        scan.columns = {{"id", 23, -1, true}};
        scan.paging_key = {{"id", "integer", ""}};
        Work::Tables tables;
        tables.push_back(std::make_unique<snapshot::PostgresTable>(
            scan, postgres::RelationPlan{relation, "db", lookup.describe(relation)}, "",
            postgres::SnapshotLines::Place{"shop", "db", 0x100, {}, 1}));
        options.chunk_by = "key";
        options.chunk_rows = 10;
        output.emplace(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        event::Checkpoint checkpoint;
        checkpoint.kind = "postgres";
        checkpoint.server = "77";
        checkpoint.position = "0/100";
        work.emplace(options, *output, checkpoint, snapshot::Progress{}, event::Order{},
                     std::move(tables));
    }

    /// The next task, which must be of this kind; a range by key ends at `until`.
    Work::Task next(Work::Task::Kind kind, std::vector<std::string> until = {}) {
        Work::Task task = work->next();
        REQUIRE(task.kind == kind);
        if (kind == Work::Task::Kind::cut) {
            work->cut(task, std::move(until));
        }
        return task;
    }
    std::vector<Json> lines() {
        REQUIRE(output->finish(5000));
        std::vector<Json> out;
        std::ifstream file{path};
        for (std::string line; std::getline(file, line);) {
            out.push_back(Json::parse(line));
        }
        return out;
    }
    /// "after" of the table in a checkpoint line made now; null where it is not listed.
    Json progress() {
        work->checkpoint(true);
        const Json tables = lines().back()["checkpoint"]["snapshot"]["tables"];
        return tables.empty() ? Json{} : tables[0];
    }

    TemporaryFolder folder;
    std::string path = folder.file("out");
    FakeLookup lookup;
    snapshot::Options options;
    std::optional<snapshot::Output> output;
    std::optional<Work> work;
};

using Kind = Work::Task::Kind;

} // namespace

TEST_CASE("progress is that of all ranges before, not of the one that ended last") {
    Fixture f;
    f.work->open(*f.next(Kind::open).table, 1000, 10);
    const auto first = f.next(Kind::cut, {"10"});
    const auto second = f.next(Kind::cut, {"20"});
    const auto third = f.next(Kind::cut, {"30"});
    f.work->finish(third, 10);
    CHECK(f.progress().is_null());
    f.work->finish(first, 9);
    CHECK(f.progress()["after"] == Json{"10"});
    CHECK(f.progress()["rows"] == 9);
    f.work->finish(second, 10);
    CHECK(f.progress()["after"] == Json{"30"});
    CHECK(f.progress()["rows"] == 29);
}

TEST_CASE("a table is done when its last range is, whichever that is") {
    Fixture f;
    f.work->open(*f.next(Kind::open).table, 1000, 10);
    const auto first = f.next(Kind::cut, {"10"});
    const auto rest = f.next(Kind::cut);
    f.work->finish(rest, 3);
    CHECK(f.progress().is_null());
    CHECK(f.lines().back()["snapshot"].is_null());
    f.work->finish(first, 10);
    CHECK(f.progress()["done"] == true);
}

TEST_CASE("an empty table has a begin and an end line, which empty its copy") {
    Fixture f;
    f.work->open(*f.next(Kind::open).table, 0, 0);
    f.work->finish(f.next(Kind::read), 0);
    CHECK(f.work->next().kind == Kind::none);
    f.work->checkpoint_done();
    const auto lines = f.lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].contains("table"));
    CHECK(lines[1]["snapshot"]["status"] == "begin");
    CHECK(lines[2]["snapshot"]["status"] == "end");
    CHECK(lines[2]["snapshot"]["whole"] == true);
    CHECK(lines[3]["checkpoint"]["snapshot"] == "done");
}
