#include "base/time.hpp"
#include "cdc-capture/capture.hpp"
#include "io/atomic_file.hpp"
#include "io/standard_streams.hpp"
#include "io/stop_signal.hpp"
#include "support.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

using namespace cdc::capture;
using cdc::event::Checkpoint;
using cdc::event::Order;

namespace {

constexpr std::int64_t kForEver = std::int64_t{1} << 60;

Order at(std::uint64_t position) {
    return Order::make(1, position, 0);
}

/// A log of steps, each of which is taken by one call of take().
class FakeStream : public cdc::source::ChangeStream {
public:
    using Step = std::function<Taken(FakeStream&)>;

    FakeStream() {
        REQUIRE(::pipe2(m_pipe, O_CLOEXEC | O_NONBLOCK) == 0);
        [[maybe_unused]] const auto n = ::write(m_pipe[1], "", 1); // readable for ever
    }
    ~FakeStream() override {
        ::close(m_pipe[0]);
        ::close(m_pipe[1]);
    }
    FakeStream(const FakeStream&) = delete;
    FakeStream& operator=(const FakeStream&) = delete;

    std::deque<Step> steps;
    std::vector<std::uint64_t> opened; ///< where connections began
    std::atomic<std::uint64_t> confirmed{0};
    std::atomic<int> confirms{0};
    int left = 0;
    int takes = 0;
    std::atomic<bool> fails_to_confirm{false};
    bool end_when_empty = true;

    void lines(std::size_t bytes) { *m_out += std::string(bytes - 1, 'x') + '\n'; }
    Taken commit() {
        m_position += 0x10;
        m_inside = false;
        m_lines = true;
        ++m_changes;
        return Taken::transaction;
    }
    void begin() { m_inside = true; }
    static void lose() {
        throw cdc::source::ServerError{cdc::base::ExitCode::failed, "the server is gone"};
    }

    void open(const std::optional<Checkpoint>& resume, const std::string&, std::string& out,
              OnWait on_wait) override {
        if (opened.empty() && resume) {
            m_position = m_checkpointed = resume->order.position();
        }
        m_out = &out;
        m_open = true;
        opened.push_back(m_position);
        on_wait();
    }
    bool is_open() const override { return m_open; }
    void leave(int) override { ++left; }
    void close() override {
        m_open = false;
        m_inside = false;
    }
    int wake_fd() const override { return steps.empty() ? -1 : m_pipe[0]; }
    void receive(bool) override {}
    Taken take(std::size_t limit, std::int64_t now) override {
        if (m_out->size() >= limit) {
            return Taken::full;
        }
        if (steps.empty()) {
            return Taken::all;
        }
        ++takes;
        m_last_data = now;
        const Step step = std::move(steps.front());
        steps.pop_front();
        return step(*this);
    }
    void work(std::int64_t, bool) override {}
    bool wants_reopening() const override { return false; }
    bool in_transaction() const override { return m_inside; }
    Order received() const override { return at(m_position); }
    Order emitted() const override { return at(m_position); }
    std::string place() const override { return std::to_string(m_position); }
    News news() const override { return {m_position > m_checkpointed, m_lines}; }
    Checkpoint checkpoint() override {
        CHECK(!m_inside);
        m_checkpointed = m_position;
        m_lines = false;
        Checkpoint out;
        out.kind = "postgres";
        out.position = place();
        out.order = at(m_position);
        return out;
    }
    void confirm(Order flushed, std::int64_t) override {
        ++confirms;
        if (fails_to_confirm) {
            lose();
        }
        confirmed = flushed.position();
    }
    std::int64_t confirm_due_ms() const override { return kForEver; }
    bool at_end(std::int64_t, bool) override {
        return end_when_empty && steps.empty() && !m_inside;
    }
    bool settled() const override { return true; }
    std::int64_t last_data_ms() const override { return m_last_data; }
    std::uint64_t changes() const override { return m_changes; }
    Figures figures() const override { return {}; }
    cdc::event::ChangeCounts& changes_by_table() override { return m_counts; }
    bool may_come_back(const cdc::source::ServerError&) const override { return true; }
    std::string way_past() const override { return ""; }

private:
    int m_pipe[2] = {-1, -1};
    std::string* m_out = nullptr;
    bool m_open = false;
    bool m_inside = false;
    bool m_lines = false;
    std::uint64_t m_position = 0x100;
    std::uint64_t m_checkpointed = 0;
    std::uint64_t m_changes = 0;
    std::int64_t m_last_data = 0;
    cdc::event::ChangeCounts m_counts;
};

cdc::source::ChangeStream::Taken transaction(FakeStream& stream) {
    stream.lines(10);
    return stream.commit();
}

/// A capture whose output is a pipe, and what is at its other end.
struct Bench {
    Bench() {
        cdc::io::stop_signal::install();
        REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
        options.drain_ms = 400;
        options.retry_ms = 5000;
        options.checkpoint_interval_ms = 0;
        options.heartbeat_ms = 100000;
        options.checkpoints = {folder.file("state")};
    }
    ~Bench() {
        if (reader.joinable()) {
            reader.join();
        }
        ::close(pipe[0]);
        cdc::io::stop_signal::install();
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    void write_file(std::uint64_t position) const {
        Checkpoint checkpoint;
        checkpoint.kind = "postgres";
        checkpoint.position = std::to_string(position);
        checkpoint.order = at(position);
        cdc::io::write_file_atomically(options.checkpoints[0], checkpoint.encode() + "\n");
    }
    /// The next stage: reads to the end, and then calls `then`.
    void read_all(std::function<void()> then = {}) {
        reader = std::thread{[this, then] {
            char bytes[4096];
            for (ssize_t n = 0; (n = ::read(pipe[0], bytes, sizeof(bytes))) > 0;) {
                output.append(bytes, static_cast<std::size_t>(n));
            }
            if (then) {
                then();
            }
        }};
    }
    int run() {
        Acknowledgement ack{options.checkpoints, options.on_write(), {}};
        Capture capture{options, stream, ack, pipe[1]};
        capture.connect();
        const int code = capture.run();
        CHECK(capture.state() == State::ended);
        if (reader.joinable()) {
            reader.join();
        }
        return code;
    }

    TemporaryFolder folder;
    Options options;
    FakeStream stream;
    int pipe[2] = {-1, -1};
    std::string output;
    std::thread reader;
};

void pause_ms(int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds{ms});
}

} // namespace

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
}
