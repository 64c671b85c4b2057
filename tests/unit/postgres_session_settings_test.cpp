#include "postgres/session_settings.hpp"

#include "base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cdc;
using postgres::SessionSetting;

namespace {

const std::vector<SessionSetting> kSettings{{"timezone", "UTC"}, {"row_security", "off"}};

} // namespace

TEST_CASE("settings that were taken are in order") {
    CHECK_NOTHROW(postgres::check_session_settings(kSettings, {"UTC", "off"}));
}

TEST_CASE("a setting that did not take its value is refused by name") {
    for (const auto& got : {std::vector<std::string_view>{"UTC", "on"}, {"UTC"}}) {
        try {
            postgres::check_session_settings(kSettings, got);
            FAIL("not refused");
        } catch (const base::Error& error) {
            CHECK(error.code() == base::ExitCode::refused);
            CHECK(std::string{error.what()}.find("row_security") != std::string::npos);
        }
    }
}

TEST_CASE("every setting of a session stands in the list once") {
    const auto& settings = postgres::session_settings();
    for (std::size_t i = 0; i < settings.size(); ++i) {
        for (std::size_t j = i + 1; j < settings.size(); ++j) {
            CHECK(std::string{settings[i].name} != settings[j].name);
        }
    }
}
