#include "clickhouse/chdb.hpp"

#include "base/log.hpp"
#include "base/time.hpp"
#include "clickhouse/retry.hpp"
#include "io/engine_library.hpp"
#include "io/stop_signal.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace cdc::clickhouse {

using base::ExitCode;
using base::in_quotes;

namespace {

constexpr std::int64_t kLockWaitMs = 3000;
constexpr std::int64_t kLockStepMs = 200;
constexpr std::size_t kKeepMemory = std::size_t{64} << 20;

/// A partition that has so many parts needs its merges.
constexpr const char* kWaitingParts =
    "SELECT 1 FROM system.parts WHERE active GROUP BY database, table, partition_id "
    "HAVING count() > 16 LIMIT 1";

/// The engine makes its store of SQL functions when a function's name is first looked up, and holds
/// no lock: the second of two threads deletes the store that the first one uses, which then fails
/// ("recursive_mutex lock failed") or hangs. So one thread loads the tables of a folder, and no
/// statement runs beside the first one that has a function.
constexpr const char* kFirstFunction = "SELECT lower('')";

/// The part of chdb.h that is used. The library's own header is not needed to build.
struct Library {
    void** (*connect)(int, char**);
    void (*close)(void**);
    void* (*query)(void*, const char*, std::size_t, const char*, std::size_t);
    void (*destroy)(void*);
    char* (*buffer)(void*);
    std::size_t (*length)(void*);
    const char* (*error)(void*);
    void (*set_signal_handlers)(int); ///< may be missing in older ones
};

const Library& library(const std::string& path) {
    static const Library kLoaded = [&path] {
        const io::EngineLibrary engine{
            path, "the ClickHouse engine",
            "EMBEDDED ENGINE in cdc-load(1) says where to get it; --chdb-library, where it is."};
        Library result{};
        engine.load("chdb_connect", result.connect);
        engine.load("chdb_close_conn", result.close);
        engine.load("chdb_query_n", result.query);
        engine.load("chdb_destroy_query_result", result.destroy);
        engine.load("chdb_result_buffer", result.buffer);
        engine.load("chdb_result_length", result.length);
        engine.load("chdb_result_error", result.error);
        engine.load_if_there("chdb_set_signal_handlers_enabled", result.set_signal_handlers);
        if (result.set_signal_handlers != nullptr) {
            result.set_signal_handlers(0); // SIGINT and SIGTERM are ours
        }
        return result;
    }();
    return kLoaded;
}

/// Set by the first library() call, which is in the constructor.
const Library& library() {
    return library("");
}

/// chdb_connect has no error result: it prints its reason to descriptor 2, which is taken here.
class CapturedStderr {
public:
    CapturedStderr()
        : m_saved{::fcntl(2, F_DUPFD_CLOEXEC, 3)}, m_file{::memfd_create("stderr", MFD_CLOEXEC)} {
        ::dup2(m_file.get(), 2);
    }
    ~CapturedStderr() { ::dup2(m_saved.get(), 2); }
    CapturedStderr(const CapturedStderr&) = delete;
    CapturedStderr& operator=(const CapturedStderr&) = delete;

    std::string text() const {
        std::string out(4096, '\0');
        const ssize_t got = ::pread(m_file.get(), out.data(), out.size(), 0);
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }

private:
    io::FileDescriptor m_saved;
    io::FileDescriptor m_file;
};

/// The process that the engine's status file names; "" when it names none.
std::string holder_of(const std::string& folder) {
    std::ifstream status{folder + "/status"};
    std::string line;
    while (std::getline(status, line)) {
        if (line.rfind("PID: ", 0) == 0) {
            return line.substr(5);
        }
    }
    return {};
}

/// The engine takes the files of the folder it is opened in for tables of the default database,
/// before its own: it is opened in an empty one.
class EmptyFolder {
public:
    explicit EmptyFolder(const std::string& data_folder)
        : m_before{::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
        const std::string empty = data_folder + "/no_files";
        std::error_code error;
        std::filesystem::create_directories(empty, error);
        if (!m_before || ::chdir(empty.c_str()) != 0) {
            throw ServerError{
                ExitCode::refused,
                fmt::format("cannot use the folder {}: {}", in_quotes(empty), std::strerror(errno)),
                "", 0, false};
        }
    }
    ~EmptyFolder() { [[maybe_unused]] const int rc = ::fchdir(m_before.get()); }
    EmptyFolder(const EmptyFolder&) = delete;
    EmptyFolder& operator=(const EmptyFolder&) = delete;

private:
    io::FileDescriptor m_before;
};

void** connect(const Library& lib, const std::string& folder, std::string& words) {
    const EmptyFolder here{folder};
    std::string program = "clickhouse";
    std::string path = "--path=" + folder;
    // One thread that loads tables: see kFirstFunction.
    std::string loaders = "--tables_loader_foreground_pool_size=1";
    char* arguments[] = {program.data(), path.data(), loaders.data()};
    const CapturedStderr captured;
    void** connection = lib.connect(static_cast<int>(std::size(arguments)), arguments);
    words = captured.text();
    return connection;
}

} // namespace

Chdb::Chdb(const std::string& folder, const std::string& library_file)
    : m_library{library_file}, m_name{"chdb:" + folder},
      m_merges_held{std::make_shared<std::atomic<bool>>(false)} {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    m_folder = std::filesystem::absolute(folder, error).string();
    if (error || !std::filesystem::is_directory(m_folder)) {
        throw ServerError{ExitCode::refused,
                          fmt::format("cannot make the folder {}: {}", in_quotes(folder),
                                      error ? error.message() : "it is no folder"),
                          "", 0, false};
    }
    const Library& lib = library(io::engine_library_path(library_file, "libchdb.so"));
    const std::int64_t started = base::steady_ms();
    std::string words;
    while ((m_connection = connect(lib, m_folder, words)) == nullptr) {
        const bool locked = words.find("Cannot lock file") != std::string::npos;
        if (locked && base::steady_ms() - started < kLockWaitMs) {
            if (!io::sleep_ms(kLockStepMs)) {
                throw io::Stopped{"another process had " + in_quotes(folder) + " open"};
            }
            continue;
        }
        if (locked) {
            const std::string holder = holder_of(m_folder);
            throw ServerError{ExitCode::refused,
                              fmt::format("the folder {} is open in another process{}",
                                          in_quotes(folder),
                                          holder.empty() ? "" : " (process " + holder + ")"),
                              "One process at a time may open it.", 76, false};
        }
        throw server_error("cannot open " + in_quotes(folder), words, exception_code(words), 400);
    }
    try {
        execute(kFirstFunction);
        // What is depended on is set: defaults differ from version to version.
        for (const char* setting :
             {"async_insert = 0", "max_query_size = 67108864", "insert_deduplicate = 0",
              "max_partitions_per_insert_block = 0"}) {
            execute(std::string{"SET "} + setting);
        }
    } catch (...) {
        lib.close(static_cast<void**>(m_connection));
        throw;
    }
}

std::unique_ptr<Transport> Chdb::another() {
    auto other = std::make_unique<Chdb>(m_folder, m_library);
    other->m_name = m_name;
    other->m_merges_held = m_merges_held;
    return other;
}

Chdb::~Chdb() {
    library().close(static_cast<void**>(m_connection));
}

std::string Chdb::query(std::string_view sql, std::string_view format) {
    const Library& lib = library();
    void* session = *static_cast<void**>(m_connection);
    const std::unique_ptr<void, void (*)(void*)> result{
        lib.query(session, sql.data(), sql.size(), format.data(), format.size()), lib.destroy};
    const std::string_view statement = sql.substr(0, 100);
    if (result == nullptr) {
        throw ServerError{ExitCode::failed,
                          fmt::format("the engine gave no answer to {}", in_quotes(statement)), "",
                          0, false};
    }
    if (const char* error = lib.error(result.get()); error != nullptr && *error != '\0') {
        throw server_error(fmt::format("{} refuses {}", in_quotes(m_name), in_quotes(statement)),
                           error, exception_code(error), 500);
    }
    const std::size_t length = lib.length(result.get());
    return length > 0 ? std::string{lib.buffer(result.get()), length} : std::string{};
}

std::string Chdb::run(std::string_view sql) {
    return query(sql, "TabSeparated");
}

void Chdb::execute(std::string_view sql) {
    release_merges(); // an ALTER may wait for its mutation, which is held like a merge
    run(sql);
}

void Chdb::hold_merges() {
    if (!run(kWaitingParts).empty()) {
        base::log::debug("{}: merges do not wait, for a partition has many parts", m_name);
        return;
    }
    run("SYSTEM STOP MERGES");
    *m_merges_held = true;
    base::log::debug("{}: merges wait", m_name);
}

void Chdb::release_merges() {
    if (m_merges_held->exchange(false)) {
        run("SYSTEM START MERGES");
        base::log::debug("{}: merges go on", m_name);
    }
}

void Chdb::fill_memory(std::span<const std::string_view> rows) {
    if (!m_memory) {
        m_memory = io::FileDescriptor{::memfd_create("rows", MFD_CLOEXEC)};
    }
    off_t size = 0;
    int error = m_memory ? 0 : errno;
    for (std::string_view piece : rows) {
        while (!piece.empty() && error == 0) {
            const ssize_t wrote = ::pwrite(m_memory.get(), piece.data(), piece.size(), size);
            if (wrote > 0) {
                piece.remove_prefix(static_cast<std::size_t>(wrote));
                size += wrote;
            } else if (errno != EINTR) {
                error = errno;
            }
        }
    }
    if (error == 0 && ::ftruncate(m_memory.get(), size) != 0) {
        error = errno;
    }
    if (error != 0) {
        m_memory.reset();
        throw ServerError{ExitCode::failed,
                          fmt::format("no memory for rows: {}", std::strerror(error)), "", 0, true};
    }
}

void Chdb::insert(std::string_view into, std::string_view format,
                  std::span<const std::string_view> rows) {
    // A file in memory, because rows in the SQL text are cut at blank lines and RowBinary loses
    // rows there in silence.
    fill_memory(rows);
    run(fmt::format("{} FROM INFILE '/dev/fd/{}' COMPRESSION 'none' FORMAT {}", into,
                    m_memory.get(), format));
    if (::lseek(m_memory.get(), 0, SEEK_END) > static_cast<off_t>(kKeepMemory)) {
        m_memory.reset();
    }
}

} // namespace cdc::clickhouse
