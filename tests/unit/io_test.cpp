#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"
#include "io/file_lock.hpp"
#include "io/input_pause.hpp"
#include "io/line_reader.hpp"
#include "io/line_writer.hpp"
#include "io/spool.hpp"
#include "io/stop_signal.hpp"

#include "support.hpp"

#include "base/time.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cdc::io;

namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        read_end = FileDescriptor{ends[0]};
        write_end = FileDescriptor{ends[1]};
    }
    FileDescriptor read_end;
    FileDescriptor write_end;
};

std::string read_everything(int fd) {
    std::string all;
    char buffer[65536];
    ssize_t n = 0;
    while ((n = ::read(fd, buffer, sizeof(buffer))) > 0) {
        all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
}

/// The lines of `bytes`, which come one at a time, each behind a '|'.
std::string lines_of(const std::string& bytes) {
    Pipe pipe;
    std::thread writer{[&] {
        for (const char byte : bytes) {
            REQUIRE(::write(pipe.write_end.get(), &byte, 1) == 1);
        }
        pipe.write_end.reset();
    }};
    LineReader reader{pipe.read_end.get()};
    std::string out;
    std::string_view line;
    try {
        while (reader.next(line) == LineReader::Result::line) {
            out += "|" + std::string{line};
        }
    } catch (...) {
        writer.join();
        throw;
    }
    writer.join();
    return out;
}

} // namespace

TEST_CASE("lines come whole, whatever the writes are cut into") {
    Pipe pipe;
    std::thread writer{[&] {
        for (const char* part : {"a", "b\nc", "", "\n\nd\n"}) {
            write_all(pipe.write_end.get(), part);
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        pipe.write_end.reset();
    }};
    LineReader reader{pipe.read_end.get()};
    std::string got;
    std::string_view line;
    while (reader.next(line) == LineReader::Result::line) {
        got += "[" + std::string{line} + "]";
    }
    writer.join();
    CHECK(got == "[ab][c][][d]");
    CHECK(reader.line_number() == 4);
    CHECK(reader.bytes() == 8);
}

TEST_CASE("an unterminated last line is told apart from the end") {
    Pipe pipe;
    write_all(pipe.write_end.get(), "whole\ntor");
    pipe.write_end.reset();
    LineReader reader{pipe.read_end.get()};
    std::string_view line;
    CHECK(reader.next(line) == LineReader::Result::line);
    CHECK(reader.next(line) == LineReader::Result::torn);
    CHECK(line == "tor");
    CHECK(reader.line_number() == 1);
}

TEST_CASE("lines that are read ahead are those that were written") {
    // Sizes around those of the buffers, of the room in front of one, and of many lines in one.
    std::mt19937 random{7};
    std::string text;
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t most = i % 500 == 499 ? std::size_t{3} << 20 : 2000;
        sizes.push_back(random() % most);
        text.append(sizes.back(), static_cast<char>('a' + i % 26));
        text += '\n';
    }
    for (const std::size_t piece : {text.size(), std::size_t{65'536}, std::size_t{999}}) {
        Pipe pipe;
        std::thread writer{[&] {
            for (std::size_t at = 0; at < text.size(); at += piece) {
                write_all(pipe.write_end.get(), std::string_view{text}.substr(at, piece));
            }
            pipe.write_end.reset();
        }};
        LineReader reader{pipe.read_end.get()};
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            std::string_view line;
            REQUIRE(reader.next(line) == LineReader::Result::line);
            const char letter = static_cast<char>('a' + i % 26);
            wrong += line.size() != sizes[i] || line.find_first_not_of(letter) != line.npos ? 1 : 0;
        }
        std::string_view line;
        CHECK(reader.next(line) == LineReader::Result::end);
        CHECK(wrong == 0);
        CHECK(reader.bytes() == text.size());
        CHECK(reader.line_number() == sizes.size());
        writer.join();
    }
}

TEST_CASE("a line that is in two reads comes whole when the second one was ahead") {
    // A file fills each read, and no line makes the buffer grow.
    const FileDescriptor file{::memfd_create("lines", MFD_CLOEXEC)};
    std::string text;
    int lines = 0;
    while (text.size() < std::size_t{5} << 20) {
        text +=
            fmt::format("{}:{}\n", lines, std::string(static_cast<std::size_t>(lines % 997), 'x'));
        ++lines;
    }
    write_all(file.get(), text);
    REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
    LineReader reader{file.get()};
    std::string_view line;
    int wrong = 0;
    for (int i = 0; i < lines; ++i) {
        REQUIRE(reader.next(line) == LineReader::Result::line);
        const std::string start = fmt::format("{}:", i);
        wrong += line.size() != start.size() + static_cast<std::size_t>(i % 997) ||
                         !line.starts_with(start)
                     ? 1
                     : 0;
    }
    CHECK(wrong == 0);
    CHECK(reader.next(line) == LineReader::Result::end);
}

TEST_CASE("a read ahead waits for nothing") {
    Pipe pipe;
    const std::string much(100'000, 'x'); // which says that more is to come
    std::thread writer{[&] {
        write_all(pipe.write_end.get(), much + "\nnext");
    }};
    LineReader reader{pipe.read_end.get()};
    std::string_view line;
    REQUIRE(reader.next(line) == LineReader::Result::line);
    CHECK(line == much);
    writer.join();
    CHECK(reader.next(line, 20) == LineReader::Result::waiting);
    write_all(pipe.write_end.get(), "\n");
    CHECK(reader.next(line, -1) == LineReader::Result::line);
    CHECK(line == "next");
    write_all(pipe.write_end.get(), "torn");
    pipe.write_end.reset();
    CHECK(reader.next(line) == LineReader::Result::torn);
}

TEST_CASE("waiting ends at its time") {
    Pipe pipe;
    LineReader reader{pipe.read_end.get()};
    std::string_view line;
    CHECK(reader.next(line, 0) == LineReader::Result::waiting);
    CHECK(reader.next(line, 20) == LineReader::Result::waiting);
}

TEST_CASE("a line over the limit is bad data, one at the limit is not") {
    const std::string long_line(3 << 20, 'x');
    for (const std::size_t limit : {std::size_t{2} << 20, std::size_t{4} << 20}) {
        Pipe pipe;
        std::thread writer{[&] {
            write_all(pipe.write_end.get(), long_line + "\nnext\n");
            pipe.write_end.reset();
        }};
        {
            LineReader reader{pipe.read_end.get(), limit};
            std::string_view line;
            if (limit < long_line.size()) {
                CHECK_FAILS(reader.next(line), bad_data, "line 1 is longer");
            } else {
                CHECK(reader.next(line) == LineReader::Result::line);
                CHECK(line == long_line);
                CHECK(reader.next(line) == LineReader::Result::line);
                CHECK(line == "next");
            }
        }
        read_everything(pipe.read_end.get());
        writer.join();
    }
}

TEST_CASE("lines that wait are found by their start, whole ones only") {
    Pipe pipe;
    const std::string text = "a{b\n{b1\n{c}\n{b2\n{d";
    REQUIRE(::write(pipe.write_end.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
    LineReader reader{pipe.read_end.get()};
    CHECK_FALSE(reader.find_buffered("{b"));
    std::string_view line;
    REQUIRE(reader.next(line) == LineReader::Result::line);
    CHECK(reader.find_buffered("{b") == "{b1");
    CHECK(reader.find_buffered("{c") == "{c}");
    CHECK_FALSE(reader.find_buffered("{d"));
    REQUIRE(reader.next(line) == LineReader::Result::line);
    CHECK(reader.find_buffered("{b") == "{b2");
}

TEST_CASE("the writer's thread delivers everything in order") {
    Pipe pipe;
    std::string got;
    std::thread reader{[&] {
        got = read_everything(pipe.read_end.get());
    }};
    std::string expected;
    {
        LineWriter writer{pipe.write_end.get(), 1000, 2};
        for (int i = 0; i < 20000; ++i) {
            const std::string line = "line " + std::to_string(i) + "\n";
            expected += line;
            writer.buffer() += line;
            if (writer.full()) {
                REQUIRE(writer.wait_ready(-1));
                writer.submit();
            }
        }
        REQUIRE(writer.finish(-1));
        CHECK(writer.written() == expected.size());
        CHECK(writer.submitted() == expected.size());
    }
    pipe.write_end.reset();
    reader.join();
    CHECK(got == expected);
}

TEST_CASE("a reader that does not read blocks neither the caller nor the end") {
    static Pipe& pipe = *new Pipe; // the thread in write(2) outlives the test
    LineWriter writer{pipe.write_end.get(), 1 << 20, 2};
    for (int i = 0; i < 8 && writer.ready(); ++i) {
        writer.buffer().assign(2 << 20, 'x');
        writer.submit();
    }
    CHECK_FALSE(writer.ready());
    CHECK_FALSE(writer.wait_ready(10));
    CHECK_FALSE(writer.finish(10));
}

TEST_CASE("a very long line waits alone to be written") {
    static Pipe& pipe = *new Pipe; // as above
    LineWriter writer{pipe.write_end.get(), 1000, 8};
    writer.buffer().assign(4 << 20, 'x');
    REQUIRE(writer.ready());
    writer.submit();
    CHECK_FALSE(writer.ready());
    CHECK_FALSE(writer.wait_ready(10));
}

TEST_CASE("parts of a file go out in their place, into a pipe and into a file") {
    const TemporaryFolder folder;
    const std::string path = folder.file("lines");
    std::string text;
    for (int i = 0; i < 100000; ++i) {
        text += "line " + std::to_string(i) + "\n";
    }
    write_file_atomically(path, text);
    const auto file =
        std::make_shared<const FileDescriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string out = folder.file("out");
    const FileDescriptor target{::open(out.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
    Pipe pipe;
    std::string got;
    std::thread reader{[&] {
        got = read_everything(pipe.read_end.get());
    }};
    const std::string expected = "front\n" + text.substr(5, 300000) + "middle\n" + text + "end\n";
    for (const int fd : {pipe.write_end.get(), target.get()}) {
        LineWriter writer{fd, 1000, 2};
        writer.buffer() += "front\n";
        writer.submit(FileRange{file, 5, 300005});
        writer.buffer() += "middle\n";
        writer.submit(FileRange{file, 0, text.size()});
        writer.submit(FileRange{file, 7, 7});
        writer.buffer() += "end\n";
        REQUIRE(writer.wait_ready(-1));
        REQUIRE(writer.finish(-1));
        CHECK(writer.written() == expected.size());
        CHECK(writer.submitted() == expected.size());
    }
    pipe.write_end.reset();
    reader.join();
    CHECK(got == expected);
    CHECK(read_everything(FileDescriptor{::open(out.c_str(), O_RDONLY | O_CLOEXEC)}.get()) ==
          expected);
}

TEST_CASE("a file that lost its end is an error that the caller sees") {
    const TemporaryFolder folder;
    write_file_atomically(folder.file("lines"), "one\n");
    const auto file = std::make_shared<const FileDescriptor>(
        ::open(folder.file("lines").c_str(), O_RDONLY | O_CLOEXEC));
    Pipe pipe;
    LineWriter writer{pipe.write_end.get()};
    writer.submit(FileRange{file, 0, 5});
    CHECK_FAILS(writer.finish(1000), failed, "cannot write output");
}

TEST_CASE("a full disk is an error that the caller sees") {
    const FileDescriptor full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    LineWriter writer{full.get(), 1000, 2};
    writer.buffer() += "line\n";
    CHECK_FAILS(writer.finish(-1), failed, "No space left");
}

TEST_CASE("a closed reader is an error that the caller sees") {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    pipe.read_end.reset();
    LineWriter writer{pipe.write_end.get()};
    writer.buffer() = "x\n";
    CHECK_FAILS(writer.finish(1000), failed, "cannot write output");
    CHECK_FAILS(writer.check(), failed, "its reader is gone");
}

TEST_CASE("a file is replaced as a whole, and watched") {
    const TemporaryFolder folder;
    const std::string path = folder.file("state");
    FileWatch watch{path};
    CHECK_FALSE(watch.changed());
    write_file_atomically(path, "one\n");
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
    write_file_atomically(path, "two\n");
    CHECK(watch.changed());
    CHECK(read_last_line(path) == "two");
    CHECK_FAILS(write_file_atomically(folder.file("none/state"), "x"), failed, "cannot create");
    // No leftovers of the temporary neighbour.
    CHECK(std::system(("test \"$(ls " + folder.file("") + ")\" = state").c_str()) == 0);
}

namespace {

/// Runs `body` in a process of its own, which signals may come to; what it returns.
int in_child(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        stop_signal::install();
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Sends SIGTERM to this process after `ms`, from another one.
void signal_after(int ms) {
    const pid_t parent = ::getpid();
    if (::fork() == 0) {
        ::usleep(static_cast<useconds_t>(ms) * 1000);
        ::kill(parent, SIGTERM);
        ::_exit(0);
    }
}

} // namespace

TEST_CASE("the first signal ends a wait where nothing is to be drained") {
    CHECK(in_child([] {
              signal_after(100);
              const auto begun = cdc::base::steady_ms();
              const bool stopped = wait_for(-1, 0, 20'000) == Waited::stopped;
              return stopped && cdc::base::steady_ms() - begun < 10'000 ? 7 : 1;
          }) == 7);
}

TEST_CASE("the first signal lets a wait go on for the drain, the second ends it") {
    CHECK(in_child([] {
              stop_signal::set_drain_ms(400);
              signal_after(50);
              const auto begun = cdc::base::steady_ms();
              const bool stopped = wait_for(-1, 0, 20'000) == Waited::stopped;
              const auto took = cdc::base::steady_ms() - begun;
              return stopped && took >= 400 && took < 10'000 ? 7 : 1;
          }) == 7);
    CHECK(in_child([] {
              stop_signal::set_drain_ms(60'000);
              signal_after(50);
              signal_after(200);
              const auto begun = cdc::base::steady_ms();
              const bool stopped = wait_for(-1, 0, 20'000) == Waited::stopped;
              return stopped && cdc::base::steady_ms() - begun < 10'000 ? 7 : 1;
          }) == 7);
}

TEST_CASE("what is waited for comes before the drain is over") {
    CHECK(in_child([] {
              stop_signal::set_drain_ms(60'000);
              stop_signal::raise();
              Pipe pipe;
              write_all(pipe.write_end.get(), "x");
              const bool ready = wait_for(pipe.read_end.get(), POLLIN, 5000) == Waited::ready;
              return ready && wait_for(-1, 0, 20) == Waited::time_over ? 7 : 1;
          }) == 7);
}

TEST_CASE("a byte order mark and DOS line ends are no data") {
    CHECK(lines_of("\xef\xbb\xbf{\"a\":1}\r\n{}\r\n") == "|{\"a\":1}|{}");
    CHECK(lines_of("{}\n{\"a\":\"\xef\xbb\xbf\"}\n") == "|{}|{\"a\":\"\xef\xbb\xbf\"}");
    CHECK(lines_of("\n\xef\xbb\xbf\n") == "||\xef\xbb\xbf");
}

TEST_CASE("compressed input and UTF-16 are told by their first bytes") {
    CHECK_FAILS(lines_of("\x1f\x8b\x08\x00 \n"), bad_data, "gzip");
    CHECK_FAILS(lines_of("\x1f\x8b"), bad_data, "gzip");
    CHECK_FAILS(lines_of("\x28\xb5\x2f\xfd\n"), bad_data, "zstd");
    CHECK_FAILS(lines_of("\xff\xfe{\n"), bad_data, "UTF-16");
}

TEST_CASE("a spool gives back its records in their order, from memory and from its file") {
    for (const std::size_t size : {std::size_t{10}, Spool::kMemory / 3, Spool::kMemory * 2}) {
        CAPTURE(size);
        Spool spool;
        for (char c = 'a'; c < 'h'; ++c) {
            spool.append(std::string(size, c));
        }
        spool.append("");
        std::string record;
        for (char c = 'a'; c < 'h'; ++c) {
            CHECK(spool.next(record));
            CHECK(record == std::string(size, c));
        }
        CHECK(spool.next(record));
        CHECK(record.empty());
        CHECK_FALSE(spool.next(record));
    }
}

TEST_CASE(
    "a waiter sleeps for a moment where pieces come in quick succession, and not after a silence") {
    using std::chrono::microseconds;
    InputPause pause;
    const auto quick = [&pause](int times) {
        for (int i = 0; i < times; ++i) {
            pause.after_wait(true, microseconds{100});
        }
    };
    quick(7);
    CHECK_FALSE(pause.sleeps());
    quick(1);
    CHECK(pause.sleeps());
    const auto begun = std::chrono::steady_clock::now();
    pause.before_wait();
    CHECK(std::chrono::steady_clock::now() - begun >= microseconds{150});
    quick(1);
    CHECK(pause.sleeps());
    pause.after_wait(true, microseconds{1500});
    CHECK_FALSE(pause.sleeps());
    quick(8);
    pause.after_wait(false, microseconds{100}); // nothing came
    CHECK_FALSE(pause.sleeps());
}

TEST_CASE("a file is locked for one at a time, by a file beside it") {
    stop_signal::install();
    TemporaryFolder folder;
    const std::string path = folder.file("state.json");
    {
        const FileLock lock{path, "another test"};
        const int other = ::open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
        CHECK(::flock(other, LOCK_EX | LOCK_NB) == -1);
        ::close(other);
        CHECK_FALSE(std::filesystem::exists(path));
    }
    const int other = ::open((path + ".lock").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
    const std::jthread end{[other] {
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
        ::close(other);
    }};
    const auto begun = std::chrono::steady_clock::now();
    const FileLock waited{path, "another test"};
    CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds{150});
    const FileLock nowhere{folder.file("no/such/folder"), "another test"}; // only a warning
}
