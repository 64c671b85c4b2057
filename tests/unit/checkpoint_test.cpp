#include "checkpoints/by_input.hpp"
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

TEST_CASE("a checkpoint line says which input it came through, and its checkpoint is the same") {
    CHECK(input_of_checkpoint(kLine).empty());
    const std::string line = with_input(kLine, "shop");
    CHECK(line == kLine.substr(0, kLine.size() - 1) + R"(,"input":"shop"})");
    CHECK(input_of_checkpoint(line) == "shop");
    CHECK(parse_checkpoint(line, "test").encode() == kLine);
    CHECK(with_input(line, "stock") == with_input(kLine, "stock"));
    CHECK(input_of_checkpoint(R"({"input":"a", "checkpoint":{"input":"b"}})") == "a");
    CHECK_FALSE(highest_of_checkpoint(line));
    const std::string both = with_highest(line, Order::make(7, 8, 9));
    CHECK(highest_of_checkpoint(both) == Order::make(7, 8, 9));
    CHECK(input_of_checkpoint(both) == "shop");
    CHECK(with_highest(both, Order::make(7, 9, 1)) == with_highest(line, Order::make(7, 9, 1)));
    CHECK(input_of_checkpoint(R"({"checkpoint":{"input":"b"}})").empty());
}

TEST_CASE("a checkpoint line of an input goes to that input's file") {
    const TemporaryFolder folder;
    const std::string plain = folder.file("plain");
    const std::string shop = folder.file("shop");
    const std::string stock = folder.file("stock");
    const auto held = [](const std::string& path) {
        return io::read_last_line(path).value_or("");
    };
    const checkpoints::Writer files{
        std::vector<std::string>{"shop=" + shop, plain, "stock=" + stock}};
    checkpoints::LastLines lines;
    lines.add(with_input(kLine, "shop"));
    lines.add(kLine);
    lines.add(with_input(kLine, "stock"));
    lines.add(with_input(kLine, "shop"));
    CHECK(lines.lines().size() == 3);
    CHECK(lines.newest() == with_input(kLine, "shop"));
    files.write(lines);
    CHECK(held(shop) == with_input(kLine, "shop"));
    CHECK(held(stock) == with_input(kLine, "stock"));
    CHECK(held(plain) == kLine);

    lines.clear();
    lines.add(with_input(kLine, "other"));
    CHECK_FAILS(files.write(lines), usage, "input 'other'");
    lines.clear();
    lines.add(kLine);
    const checkpoints::Writer of_shop{std::vector<std::string>{"shop=" + shop}};
    CHECK_FAILS(of_shop.write(lines), usage, "no input");
    checkpoints::Writer{std::vector<std::string>{}}.write(lines);
}

TEST_CASE("NAME=FILE is a file of an input, and a path with '=' is one with a folder before it") {
    using checkpoints::NamedFile;
    CHECK(checkpoints::named_file("shop=a/b=c.json") == NamedFile{"shop", "a/b=c.json"});
    CHECK(checkpoints::named_file("./shop=c.json") == NamedFile{"", "./shop=c.json"});
    CHECK(checkpoints::named_file("a/b=c") == NamedFile{"", "a/b=c"});
    CHECK(checkpoints::named_file("=c") == NamedFile{"", "=c"});
    CHECK_FAILS(checkpoints::check_files({"a=f", "b=f"}), usage, "two inputs");
    CHECK_FAILS(checkpoints::check_files({"a="}), usage, "missing");
    CHECK_FAILS(checkpoints::check_files({"a=-"}), usage, "not of one input");
    checkpoints::check_files({"a=f", "b=g", "-", "h"});
}
