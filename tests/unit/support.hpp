#ifndef CDC_TESTS_UNIT_SUPPORT_HPP
#define CDC_TESTS_UNIT_SUPPORT_HPP

#include "base/error.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include <unistd.h>

/// Checks that `expression` throws base::Error of `exit_code` whose text holds `word`.
#define CHECK_FAILS(expression, exit_code, word)                                                   \
    do {                                                                                           \
        bool thrown = false;                                                                       \
        try {                                                                                      \
            (void)(expression);                                                                    \
        } catch (const cdc::base::Error& error) {                                                  \
            thrown = true;                                                                         \
            CHECK(error.code() == cdc::base::ExitCode::exit_code);                                 \
            const std::string message = error.what();                                              \
            CHECK_MESSAGE(message.find(word) != std::string::npos, message);                       \
        }                                                                                          \
        CHECK_MESSAGE(thrown, "nothing was thrown by " #expression);                               \
    } while (false)

/// A folder of its own, removed at the end.
class TemporaryFolder {
public:
    TemporaryFolder() {
        char pattern[] = "/tmp/cdc-unit-XXXXXX";
        m_path = ::mkdtemp(pattern);
    }
    ~TemporaryFolder() {
        [[maybe_unused]] const int rc = std::system(("rm -rf " + m_path).c_str());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    std::string file(const std::string& name) const { return m_path + "/" + name; }

private:
    std::string m_path;
};

#endif
