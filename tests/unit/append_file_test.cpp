#include "event/dead_letter.hpp"
#include "io/append_file.hpp"
#include "io/atomic_file.hpp"

#include "support.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace cdc;

namespace {

/// The calls that make files durable, in this program, while a test listens.
std::vector<std::string>* calls = nullptr;

void note(const char* what, int fd) {
    if (calls != nullptr) {
        const auto path =
            std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).filename();
        calls->push_back(fmt::format("{} {}", what, path.string()));
    }
}

std::string read(const std::string& path) {
    std::ifstream in{path};
    return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

extern "C" {

int fsync(int fd) {
    note("fsync", fd);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

int fdatasync(int fd) {
    note("fdatasync", fd);
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

int rename(const char* from, const char* to) noexcept {
    if (calls != nullptr) {
        calls->push_back("rename to " + std::filesystem::path{to}.filename().string());
    }
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

} // extern "C"

TEST_CASE("an appended line, and the entry of its file, are durable") {
    const TemporaryFolder folder;
    const std::string name = std::filesystem::path{folder.file("")}.parent_path().filename();
    std::vector<std::string> seen;
    calls = &seen;
    event::append_dead_letter(folder.file("dead"), "line");
    calls = nullptr;
    CHECK(seen == std::vector<std::string>{"fdatasync dead", "fsync " + name});
}

TEST_CASE("a checkpoint file is durable before it takes its place, and its place afterwards") {
    const TemporaryFolder folder;
    const std::string name = std::filesystem::path{folder.file("")}.parent_path().filename();
    std::vector<std::string> seen;
    calls = &seen;
    io::write_file_atomically(folder.file("file"), "bytes\n");
    calls = nullptr;
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].starts_with("fsync file."));
    CHECK(seen[1] == "rename to file");
    CHECK(seen[2] == "fsync " + name);
}

TEST_CASE("a line that another writer is in the midst of is not cut off") {
    const TemporaryFolder folder;
    const std::string path = folder.file("dead");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    REQUIRE(::flock(fd, LOCK_EX) == 0);
    REQUIRE(::write(fd, "half ", 5) == 5);
    std::thread other{[&path] {
        io::append_lines_durably(path, "mine\n");
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{400});
    CHECK(::write(fd, "and half\n", 9) == 9);
    ::close(fd);
    other.join();
    CHECK(read(path) == "half and half\nmine\n");
}

TEST_CASE("lines of many writers stay whole") {
    const TemporaryFolder folder;
    const std::string path = folder.file("dead");
    constexpr int kWriters = 4;
    constexpr int kLines = 25;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&path, writer] {
            for (int line = 0; line < kLines; ++line) {
                io::append_lines_durably(
                    path,
                    std::string(1 + static_cast<std::size_t>(line) * 997, 'a' + writer) + '\n');
            }
        });
    }
    for (std::thread& writer : writers) {
        writer.join();
    }
    std::ifstream in{path};
    int count = 0;
    for (std::string line; std::getline(in, line); ++count) {
        CHECK(line.find_first_not_of(line[0]) == std::string::npos);
    }
    CHECK(count == kWriters * kLines);
}

TEST_CASE("what could not be appended as a whole leaves nothing") {
    CHECK_FAILS(io::append_lines_durably("/dev/full", "line\n"), failed, "No space left");
}
