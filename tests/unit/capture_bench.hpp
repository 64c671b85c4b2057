#ifndef CDC_TESTS_UNIT_CAPTURE_BENCH_HPP
#define CDC_TESTS_UNIT_CAPTURE_BENCH_HPP

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

namespace cdc::capture {

using event::Checkpoint;
using event::Order;

inline constexpr std::int64_t kForEver = std::int64_t{1} << 60;

inline Order at(std::uint64_t position) {
    return Order::make(1, position, 0);
}

/// A log of steps, each of which is taken by one call of take().
class FakeStream : public source::ChangeStream {
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
    std::function<void()> held;        ///< what another session does first, at the first open()
    std::atomic<std::uint64_t> confirmed{0};
    std::atomic<int> confirms{0};
    int left = 0;
    std::atomic<int> takes{0};
    std::atomic<bool> fails_to_confirm{false};
    bool end_when_empty = true;
    bool has_no_checkpoint = false;
    std::uint64_t order_ahead = 0; ///< by so much the file's order is above its position

    void lines(std::size_t bytes) { *m_out += std::string(bytes - 1, 'x') + '\n'; }
    Taken commit() {
        m_position += 0x10;
        m_inside = false;
        m_lines = true;
        ++m_changes;
        return Taken::transaction;
    }
    void begin() { m_inside = true; }
    Taken barrier() {
        m_position += 0x10;
        return Taken::barrier;
    }
    static void lose() { throw source::ServerError{base::ExitCode::failed, "the server is gone"}; }

    bool open(const std::optional<Checkpoint>& resume, const std::string&, std::string& out,
              OnWait on_wait) override {
        if (held) {
            std::exchange(held, nullptr)();
            return false;
        }
        if (opened.empty() && resume) {
            m_position = m_checkpointed = resume->order.position() - order_ahead;
        }
        m_out = &out;
        m_open = true;
        opened.push_back(m_position);
        on_wait();
        return true;
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
    std::optional<News> news() const override {
        return m_inside
                   ? std::nullopt
                   : std::optional{News{m_position > m_checkpointed, m_lines, has_no_checkpoint}};
    }
    Checkpoint checkpoint() override {
        CHECK(!m_inside);
        m_checkpointed = m_position;
        m_lines = false;
        has_no_checkpoint = false;
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
    event::ChangeCounts& changes_by_table() override { return m_counts; }
    bool may_come_back(const source::ServerError&) const override { return true; }
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
    event::ChangeCounts m_counts;
};

inline source::ChangeStream::Taken barrier(FakeStream& stream) {
    return stream.barrier();
}

inline source::ChangeStream::Taken transaction(FakeStream& stream) {
    stream.lines(10);
    return stream.commit();
}

/// A capture whose output is a pipe, and what is at its other end.
struct Bench {
    Bench() {
        io::stop_signal::install();
        REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
        options.drain_ms = 1500; // a busy machine takes a while to write two files
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
        io::stop_signal::install();
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    void write_file(std::uint64_t position, std::size_t file = 0) const {
        Checkpoint checkpoint;
        checkpoint.kind = "postgres";
        checkpoint.position = std::to_string(position);
        checkpoint.order = at(position);
        io::write_file_atomically(options.checkpoints[file], checkpoint.encode() + "\n");
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

inline void pause_ms(int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds{ms});
}

} // namespace cdc::capture

#endif
