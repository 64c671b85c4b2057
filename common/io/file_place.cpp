#include "io/file_place.hpp"

#include "base/error.hpp"
#include "io/atomic_file.hpp"
#include "io/file_descriptor.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cdc::io {

using base::Error;
using base::ExitCode;
using base::in_quotes;

namespace {

/// Makes the file, and removes it: access() says yes to root, to a network file system that maps it
/// to nobody, and to names that are too long. A full disk is no reason: it may have room again when
/// something is written. The error, or 0.
int try_to_make(const std::string& path) {
    const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
    const int error = file ? 0 : errno;
    if (file) {
        ::unlink(path.c_str());
    }
    return error == ENOSPC || error == EDQUOT || error == EEXIST ? 0 : error;
}

} // namespace

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

void check_file_place(std::string_view option, const std::string& path, FileUse use) {
    const std::string folder = folder_of(path);
    const auto refuse = [&](const std::string& why, const std::string& hint) {
        throw Error{ExitCode::usage, fmt::format("{} {}: {}", option, in_quotes(path), why), hint};
    };
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) {
        const int error = errno;
        refuse(fmt::format("folder {}: {}", in_quotes(folder), std::strerror(error)),
               error == ENOENT ? fmt::format("mkdir -p {}", in_quotes(folder)) : "");
    }
    if (!S_ISDIR(status.st_mode)) {
        refuse(fmt::format("{} is no folder", in_quotes(folder)), "");
    }
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) {
        refuse(std::strerror(errno), "");
    }
    if (exists && S_ISDIR(status.st_mode)) {
        refuse("it is a folder", "name a file in it");
    }
    if (exists && use == FileUse::replace && !S_ISREG(status.st_mode)) {
        refuse("it is not a regular file, and would be replaced by one", "");
    }
    if (use == FileUse::append && exists && ::access(path.c_str(), W_OK) != 0) {
        refuse(std::strerror(errno), "");
    }
    const bool makes_file = use == FileUse::replace || (use == FileUse::append && !exists);
    if (makes_file && ::access(folder.c_str(), W_OK | X_OK) != 0) {
        refuse(fmt::format("folder {}: {}", in_quotes(folder), std::strerror(errno)), "");
    }
    if (makes_file) {
        const int error = try_to_make(temporary_name(path));
        if (error != 0 && (use == FileUse::replace || error != ENAMETOOLONG)) {
            refuse(fmt::format("no file can be made there: {}", std::strerror(error)), "");
        }
    }
}

} // namespace cdc::io
