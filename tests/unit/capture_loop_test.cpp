#include "capture_bench.hpp"

using namespace cdc::capture;

TEST_CASE("a capture confirms what the file holds, which comes late, and not before") {
    Bench bench;
    bench.stream.steps = {transaction, transaction};
    std::uint64_t before = 1;
    bench.read_all([&] {
        pause_ms(150);
        before = bench.stream.confirmed;
        bench.write_file(0x120);
    });
    CHECK(bench.run() == 0);
    CHECK(before == 0);
    CHECK(bench.stream.confirmed == 0x120);
    CHECK(bench.stream.left == 1);
    CHECK(bench.output.find("\"position\":\"288\"") != std::string::npos);
}

TEST_CASE("a stream that another session moved on meanwhile begins where the file is then") {
    Bench bench;
    bench.write_file(0x110);
    bench.stream.held = [&] {
        bench.write_file(0x150);
    };
    bench.stream.steps = {transaction};
    bench.read_all([&] { bench.write_file(0x160); });
    CHECK(bench.run() == 0);
    CHECK(bench.stream.opened == std::vector<std::uint64_t>{0x150});
    CHECK(bench.stream.confirmed == 0x160);
}

TEST_CASE("a file that does not reach the end within the drain is a failure, and not confirmed") {
    Bench bench;
    bench.stream.steps = {transaction};
    bench.read_all();
    const std::int64_t begun = cdc::base::steady_ms();
    CHECK(bench.run() == 1);
    CHECK(cdc::base::steady_ms() - begun >= 350);
    CHECK(bench.stream.confirmed == 0);
}

TEST_CASE("a blocked output stops the reading and nothing else, until the drain is over") {
    Bench bench;
    bench.options.drain_ms = 200;
    const auto large = [](FakeStream& stream) {
        stream.lines(std::size_t{64} << 10);
        return stream.commit();
    };
    bench.stream.steps.assign(1000, large);
    int confirms = 0;
    std::thread user{[&] {
        pause_ms(300);
        confirms = bench.stream.confirms;
        pause_ms(400);
        confirms = bench.stream.confirms - confirms;
        cdc::io::stop_signal::raise();
    }};
    CHECK(bench.run() == 1);
    user.join();
    CHECK(confirms > 2);
    CHECK(bench.stream.takes < 200);
    CHECK(bench.stream.confirmed == 0);
}

TEST_CASE("a first signal ends the stream at the end of the transaction") {
    Bench bench;
    bench.stream.steps = {[](FakeStream& stream) {
                              stream.begin();
                              stream.lines(10);
                              cdc::io::stop_signal::raise();
                              return cdc::source::ChangeStream::Taken::part;
                          },
                          transaction};
    bench.options.drain_ms = 5000;
    bench.read_all([&] { bench.write_file(0x110); });
    CHECK(bench.run() == 0);
    CHECK(bench.stream.confirmed >= 0x110);
    CHECK(bench.output.find("checkpoint") != std::string::npos);
}

TEST_CASE("a transaction that does not end takes half of the drain, and no checkpoint") {
    Bench bench;
    bench.stream.steps = {[](FakeStream& stream) {
        stream.begin();
        stream.lines(10);
        cdc::io::stop_signal::raise();
        return cdc::source::ChangeStream::Taken::part;
    }};
    bench.read_all();
    const std::int64_t begun = cdc::base::steady_ms();
    CHECK(bench.run() == 0); // nothing can be acknowledged
    CHECK(cdc::base::steady_ms() - begun >= 180);
    CHECK(bench.output.find("checkpoint") == std::string::npos);
}

TEST_CASE("a second signal ends it at once") {
    Bench bench;
    bench.stream.steps = {transaction, [](FakeStream& stream) {
                              stream.begin();
                              cdc::io::stop_signal::raise();
                              cdc::io::stop_signal::raise();
                              return cdc::source::ChangeStream::Taken::part;
                          }};
    CHECK_FAILS(bench.run(), failed, "second signal");
    CHECK(bench.stream.confirmed == 0);
}

TEST_CASE("a connection that is lost goes on where the lines end") {
    Bench bench;
    bench.stream.steps = {transaction,
                          [](FakeStream& stream) {
                              stream.begin();
                              FakeStream::lose();
                              return cdc::source::ChangeStream::Taken::all;
                          },
                          transaction};
    bench.read_all([&] { bench.write_file(0x120); });
    CHECK(bench.run() == 0);
    CHECK(bench.stream.opened == std::vector<std::uint64_t>{0x100, 0x110});
    CHECK(bench.stream.confirmed == 0x120);
}

TEST_CASE("without --retry a lost connection is an error behind the lines before it") {
    Bench bench;
    bench.options.retry_ms = 0;
    bench.stream.steps = {transaction, [](FakeStream&) {
                              FakeStream::lose();
                              return cdc::source::ChangeStream::Taken::all;
                          }};
    CHECK_FAILS(bench.run(), failed, "the server is gone");
    char bytes[4096];
    CHECK(::read(bench.pipe[0], bytes, sizeof(bytes)) >= 10);
}

TEST_CASE("a connection that is lost during the drain costs no more than the confirmation") {
    Bench bench;
    bench.stream.steps = {transaction};
    bench.read_all([&] {
        bench.stream.fails_to_confirm = true;
        pause_ms(120);
        bench.write_file(0x110);
    });
    CHECK(bench.run() == 0);
    CHECK(bench.stream.confirmed == 0);
    CHECK(bench.stream.left == 0);
}

TEST_CASE("with --peek nothing is confirmed, and no file is awaited") {
    Bench bench;
    bench.options.peek = true;
    bench.write_file(0x100);
    bench.stream.steps = {transaction};
    bench.read_all();
    CHECK(bench.run() == 0);
    CHECK(bench.stream.confirmed == 0);
}

TEST_CASE("a first checkpoint goes out at once, though nothing happened") {
    Bench bench;
    bench.stream.has_no_checkpoint = true;
    bench.stream.end_when_empty = false;
    bench.options.drain_ms = 5000;
    std::thread user{[&] {
        pause_ms(200);
        cdc::io::stop_signal::raise();
    }};
    bench.read_all([&] { bench.write_file(0x100); });
    CHECK(bench.run() == 0);
    user.join();
    CHECK(bench.output.find("\"position\":\"256\"") != std::string::npos);
}

TEST_CASE("a checkpoint whose order is above its position is refused by name") {
    Bench bench;
    bench.write_file(0x200);
    bench.stream.order_ahead = 0x10;
    CHECK_FAILS(bench.run(), refused, "state' contradicts itself");
}

TEST_CASE("positions hold: confirmed, checkpointed, emitted, received") {
    Positions positions;
    positions.read(at(9), at(5));
    CHECK_FAILS(positions.read(at(9), at(4)), failed, "falls");
    CHECK_FAILS(positions.read(at(9), at(10)), failed, "more was put out than received");
    CHECK_FAILS(positions.checkpoint(at(6)), failed, "ahead of what was put out");
    positions.checkpoint(at(5));
    CHECK_FAILS(positions.checkpoint(at(4)), failed, "checkpoints fall");
    CHECK_FAILS(positions.confirm(at(6)), failed, "more is confirmed");
    positions.confirm(at(5));
    CHECK_FAILS(positions.confirm(at(4)), failed, "falls");
    CHECK(!may_follow(State::writing, State::streaming));
    CHECK(!may_follow(State::streaming, State::awaiting));
    CHECK(!may_follow(State::holding, State::writing));
}
