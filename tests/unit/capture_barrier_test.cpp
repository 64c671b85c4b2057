#include "capture_bench.hpp"

using namespace cdc::capture;

TEST_CASE("behind a barrier nothing is taken before every file holds its checkpoint") {
    Bench bench;
    bench.options.checkpoints.push_back(bench.folder.file("other"));
    bench.options.checkpoint_interval_ms = 100000;
    bench.options.drain_ms = 1500; // which the barrier outlasts
    bench.stream.steps = {transaction, barrier, transaction};
    int takes[3] = {};
    std::thread stages{[&] {
        pause_ms(300);
        takes[0] = bench.stream.takes;
        bench.write_file(0x120, 0);
        pause_ms(1400);
        takes[1] = bench.stream.takes;
        bench.write_file(0x120, 1);
        pause_ms(300);
        takes[2] = bench.stream.takes;
    }};
    bench.read_all([&] {
        bench.write_file(0x130, 0);
        bench.write_file(0x130, 1);
    });
    CHECK(bench.run() == 0);
    stages.join();
    CHECK(takes[0] == 2);
    CHECK(takes[1] == 2);
    CHECK(takes[2] == 3);
    const std::size_t at_barrier = bench.output.find("\"position\":\"288\"");
    const std::size_t at_end = bench.output.find("\"position\":\"304\"");
    CHECK(at_barrier != std::string::npos);
    CHECK(at_end != std::string::npos);
    CHECK(bench.output.find("xxx", at_barrier) < at_end);
}

TEST_CASE("where no file is awaited a barrier is no more than a checkpoint") {
    Bench bench;
    SUBCASE("--peek") {
        bench.options.peek = true;
    }
    SUBCASE("no file") {
        bench.options.checkpoints.clear();
    }
    bench.options.checkpoint_interval_ms = 100000;
    bench.stream.steps = {barrier, transaction};
    bench.read_all();
    CHECK(bench.run() == 0);
    CHECK(bench.stream.takes == 2);
    CHECK(bench.output.find("\"position\":\"272\"") < bench.output.find("xxx"));
}

TEST_CASE("a signal ends a stream at a barrier, and the file still has --drain") {
    Bench bench;
    bench.stream.steps = {barrier, transaction};
    bool reaches = false;
    SUBCASE("which it uses") {
        reaches = true;
    }
    SUBCASE("which it does not use") {}
    std::thread user{[] {
        pause_ms(200);
        cdc::io::stop_signal::raise();
    }};
    bench.read_all([&] {
        if (reaches) {
            bench.write_file(0x110);
        }
    });
    CHECK(bench.run() == (reaches ? 0 : 1));
    user.join();
    CHECK(bench.stream.takes == 1);
    CHECK(bench.output.find("xxx") == std::string::npos);
}

TEST_CASE("a connection that is lost at a barrier does not lift it") {
    Bench bench;
    bench.stream.steps = {barrier, transaction};
    int takes = 0;
    std::thread user{[&] {
        pause_ms(200);
        bench.stream.fails_to_confirm = true;
        pause_ms(200);
        bench.stream.fails_to_confirm = false;
        pause_ms(1500);
        takes = bench.stream.takes;
        bench.write_file(0x110);
    }};
    bench.read_all([&] { bench.write_file(0x120); });
    CHECK(bench.run() == 0);
    user.join();
    CHECK(takes == 1);
    CHECK(bench.stream.opened == std::vector<std::uint64_t>{0x100, 0x110});
    CHECK(bench.stream.confirmed == 0x120);
}
