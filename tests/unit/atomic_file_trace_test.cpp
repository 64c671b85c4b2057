#include "io/atomic_file.hpp"

#include "support.hpp"

#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/// The calls of write_file_atomically(), in their order: these definitions stand before the C
/// library's in this program.
namespace {

bool g_tracing = false;
std::vector<std::string>* g_calls = nullptr;

void note(const std::string& call) {
    if (g_tracing) {
        g_calls->push_back(call);
    }
}

std::string kind_of(int fd) {
    struct stat now {};
    ::fstat(fd, &now);
    return S_ISDIR(now.st_mode) ? "folder" : "file";
}

} // namespace

extern "C" {
int fsync(int fd) {
    note("fsync " + kind_of(fd));
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
int rename(const char* from, const char* to) noexcept {
    note("rename");
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
ssize_t write(int fd, const void* bytes, size_t size) {
    note("write " + kind_of(fd));
    return static_cast<ssize_t>(::syscall(SYS_write, fd, bytes, size));
}
}

TEST_CASE("a checkpoint survives a power cut: write, fsync, rename, fsync of the folder") {
    const TemporaryFolder folder;
    std::vector<std::string> calls;
    g_calls = &calls;
    g_tracing = true;
    cdc::io::write_file_atomically(folder.file("state.json"), "{}\n");
    g_tracing = false;
    CHECK(calls == std::vector<std::string>{"write file", "fsync file", "rename", "fsync folder"});
}
