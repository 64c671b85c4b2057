#include "io/engine_library.hpp"

#include "base/error.hpp"

#include <cstdlib>

#include <dlfcn.h>
#include <unistd.h>

namespace cdc::io {

using base::Error;
using base::ExitCode;

std::string engine_library_path(const std::string& given, const std::string& name) {
    if (!given.empty()) {
        return given;
    }
    const auto variable = [](const char* variable_name) {
        const char* value = std::getenv(variable_name);
        return std::string{value != nullptr ? value : ""};
    };
    std::string folder = variable("CDC_CACHE_DIR");
    if (folder.empty()) {
        const std::string cache = variable("XDG_CACHE_HOME");
        folder = (cache.empty() ? variable("HOME") + "/.cache" : cache) + "/cdc-toolkit";
    }
    std::string path = folder + "/" + name;
    return ::access(path.c_str(), R_OK) == 0 ? path : name;
}

EngineLibrary::EngineLibrary(const std::string& path, std::string engine, std::string hint)
    : m_engine{std::move(engine)}, m_hint{std::move(hint)},
      m_handle{::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)} {
    if (m_handle == nullptr) {
        const char* words = ::dlerror();
        throw Error{ExitCode::refused,
                    fmt::format("cannot load {} {}: {}", m_engine, base::in_quotes(path),
                                words != nullptr ? words : "unknown"),
                    m_hint};
    }
}

void* EngineLibrary::find(const char* symbol, bool required) const {
    void* address = ::dlsym(m_handle, symbol);
    if (address == nullptr && required) {
        throw Error{ExitCode::refused,
                    fmt::format("{} has no function '{}': it is another version", m_engine, symbol),
                    m_hint};
    }
    return address;
}

} // namespace cdc::io
