#ifndef CDC_IO_ENGINE_LIBRARY_HPP
#define CDC_IO_ENGINE_LIBRARY_HPP

#include <cstring>
#include <string>

/// Engines that are loaded at run time, so that tools are built and run without them.
namespace cdc::io {

/// The file to load: `given` if not empty, else `name` in the cache folder that
/// scripts/install-deps fills, if it is there, else the bare name, for the loader's own search.
std::string engine_library_path(const std::string& given, const std::string& name);

/// A library that stays loaded until the process ends: an engine's threads cannot be stopped from
/// outside.
class EngineLibrary {
public:
    /// `engine` is for messages ("the ClickHouse engine"), `hint` says where to get it. Throws
    /// Error (refused).
    EngineLibrary(const std::string& path, std::string engine, std::string hint);

    /// Throws Error (refused) when there is no such function.
    template<typename Function>
    void load(const char* symbol, Function& function) const {
        void* address = find(symbol, true);
        std::memcpy(&function, &address, sizeof(address));
    }
    /// The function is null when there is none.
    template<typename Function>
    void load_if_there(const char* symbol, Function& function) const {
        void* address = find(symbol, false);
        std::memcpy(&function, &address, sizeof(address));
    }

private:
    void* find(const char* symbol, bool required) const;

    std::string m_engine;
    std::string m_hint;
    void* m_handle;
};

} // namespace cdc::io

#endif
