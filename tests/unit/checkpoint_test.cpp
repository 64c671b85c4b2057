#include "event/checkpoint.hpp"

#include "support.hpp"

#include <fstream>

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
    CHECK_FALSE(read_checkpoint_file(path));
    write(path, "");
    CHECK_FALSE(read_checkpoint_file(path));
    write(path, kLine); // no newline: the writer was killed
    CHECK_FALSE(read_checkpoint_file(path));
    write(path, "rubbish\n" + kLine + "\n");
    CHECK(read_checkpoint_file(path)->position == "0/15101F0");
    write(path, kLine + "\n" + R"({"checkpoint":{"v":1,"ki)");
    CHECK(read_checkpoint_file(path)->position == "0/15101F0");
    write(path, kLine + "\nrubbish\n");
    CHECK_FAILS(read_checkpoint_file(path), bad_data, "state.json");
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
    CHECK(read_checkpoint_file(path)->ts_ms == 2999);
}
