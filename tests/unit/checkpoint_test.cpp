#include "checkpoints/file.hpp"
#include "checkpoints/watch.hpp"
#include "event/checkpoint.hpp"

#include "support.hpp"

#include <fstream>

using namespace cdc;
using namespace cdc::event;

namespace {
const std::string kLine =
    R"({"checkpoint":{"v":1,"kind":"postgres","server":"7312","database":"d","slot":"s",)"
    R"("position":"0/15101F0","order":"000100000000015101f0000000000000","commit_ts_ms":5,)"
    R"("snapshot":null,"future":{"a":1}},"ts_ms":6})";

void write(const std::string& path, const std::string& bytes) {
    std::ofstream{path, std::ios::binary} << bytes;
}
} // namespace

TEST_CASE("a checkpoint is read and written back, with members that we do not know") {
    const Checkpoint checkpoint = parse_checkpoint(kLine, "test");
    CHECK(checkpoint.kind == "postgres");
    CHECK(checkpoint.position == "0/15101F0");
    CHECK(checkpoint.order.position() == 0x15101F0);
    CHECK(checkpoint.commit_ts_ms == 5);
    CHECK(checkpoint.snapshot.is_null());
    CHECK(checkpoint.encode() == kLine);
}

TEST_CASE("broken checkpoints name the file and what is wrong") {
    CHECK_FAILS(parse_checkpoint("x", "file 'f'"), bad_data, "file 'f' holds no checkpoint");
    CHECK_FAILS(parse_checkpoint(R"({"checkpoint":{"v":2}})", "f"), bad_data, "version 2");
    CHECK_FAILS(parse_checkpoint(R"({"checkpoint":{"v":1}})", "f"), bad_data, "kind");
    CHECK_FAILS(parse_checkpoint(R"({"checkpoint":{"v":"one"}})", "f"), bad_data, "f is not");
    CHECK_FAILS(
        parse_checkpoint(
            R"({"checkpoint":{"v":1,"kind":"k","server":"s","position":"p","order":"0"}})", "f"),
        bad_data, "order");
}

TEST_CASE("the last whole line of a checkpoint file counts") {
    const TemporaryFolder folder;
    const std::string path = folder.file("state.json");
    CHECK_FALSE(checkpoints::read(path));
    write(path, "");
    CHECK_FALSE(checkpoints::read(path));
    write(path, kLine); // no newline: the writer was killed
    CHECK_FALSE(checkpoints::read(path));
    write(path, "rubbish\n" + kLine + "\n");
    CHECK(checkpoints::read(path)->position == "0/15101F0");
    write(path, kLine + "\n" + R"({"checkpoint":{"v":1,"ki)");
    CHECK(checkpoints::read(path)->position == "0/15101F0");
    write(path, kLine + "\nrubbish\n");
    CHECK_FAILS(checkpoints::read(path), bad_data, "state.json");
}

TEST_CASE("a long file of appended checkpoints is read from its end") {
    const TemporaryFolder folder;
    const std::string path = folder.file("appended.json");
    std::string bytes;
    for (int i = 0; i < 3000; ++i) {
        Checkpoint checkpoint = parse_checkpoint(kLine, "test");
        checkpoint.ts_ms = i;
        bytes += checkpoint.encode() + "\n";
    }
    write(path, bytes);
    CHECK(checkpoints::read(path)->ts_ms == 2999);
}

TEST_CASE("watched files: the lowest counts, and a missing one holds nothing") {
    const TemporaryFolder folder;
    const std::vector<std::string> paths{folder.file("a"), folder.file("b")};
    const auto store = [&](std::size_t file, std::uint64_t position, const char* snapshot) {
        Checkpoint checkpoint = parse_checkpoint(kLine, "test");
        checkpoint.order = Order::make(1, position, 0);
        checkpoint.snapshot = snapshot;
        checkpoints::write({paths[file]}, checkpoint.encode());
    };
    store(1, 9, "done");
    checkpoints::Watch watch{paths, {}};
    CHECK_FALSE(watch.lowest());
    CHECK(watch.lowest_path() == paths[0]);
    CHECK(watch.any_path() == paths[1]);
    CHECK_FALSE(watch.reached(Order::make(1, 1, 0)));
    CHECK_FALSE(watch.poll());

    store(0, 10, "done");
    CHECK(watch.poll());
    CHECK(watch.lowest_path() == paths[1]);
    CHECK(watch.reached(Order::make(1, 9, 0)));
    CHECK_FALSE(watch.reached(Order::make(1, 10, 0)));

    store(0, 9, "0/3"); // the snapshot goes on: less than done
    CHECK(watch.poll());
    CHECK(watch.lowest_path() == paths[0]);

    const checkpoints::Watch none{{}, {}};
    CHECK(none.none());
    CHECK_FALSE(none.lowest());
    CHECK(none.lowest_path().empty());
    CHECK(none.any_path().empty());
    CHECK(none.reached(Order::make(1, 1, 0)));
}

TEST_CASE("watched files: each is checked when it is read") {
    const TemporaryFolder folder;
    const std::string path = folder.file("a");
    Checkpoint checkpoint = parse_checkpoint(kLine, "test");
    checkpoints::write({path}, checkpoint.encode());
    const std::string slot = checkpoint.slot;
    const auto check = [&slot](const std::string& file, const Checkpoint& held) {
        checkpoints::check_kind(file, held, {"postgres"});
        checkpoints::check_slot(file, held, slot, "another file");
    };
    checkpoints::Watch watch{{path}, check};
    checkpoint.slot = "other";
    checkpoints::write({path}, checkpoint.encode());
    CHECK_FAILS(watch.poll(), refused, "belongs to slot 'other', not to");
    checkpoint.kind = "mysql";
    checkpoints::write({path}, checkpoint.encode());
    CHECK_FAILS(watch.poll(), refused, "belongs to a source of kind 'mysql'");
}
