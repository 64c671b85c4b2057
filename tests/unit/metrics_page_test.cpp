#include "cdc-capture/figures.hpp"
#include "cdc-consume/figures.hpp"
#include "cdc-load/figures.hpp"
#include "cdc-publish/figures.hpp"
#include "cdc-snapshot/figures.hpp"
#include "cdc-transform/figures.hpp"
#include "cdc-verify/figures.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

namespace {

using namespace cdc;
using Types = std::map<std::string, std::string>; ///< by name

Types served(const cli::Metrics& metrics) {
    Types out;
    for (const auto& metric : metrics.types()) {
        CHECK_MESSAGE(out.insert(metric).second, metric.first, " twice");
    }
    std::istringstream text{metrics.published()};
    for (std::string line; std::getline(text, line);) {
        std::istringstream words{line};
        std::string hash;
        std::string word;
        std::string name;
        std::string type;
        words >> hash >> word >> name >> type;
        if (word == "TYPE") {
            out.emplace(name, type);
        }
    }
    return out;
}

Types of_page(const std::string& tool) {
    Types out;
    std::ifstream page{CDC_SOURCE_DIR "/man/" + tool + ".1.md"};
    REQUIRE(page);
    const std::regex row{R"(^\| `([a-z_]+)(\{[a-z, ]+\})?` \| ([a-z]+) \| .*)"};
    for (std::string line; std::getline(page, line);) {
        std::smatch found;
        if (std::regex_match(line, found, row)) {
            out.emplace(found[1], found[3]);
        }
    }
    return out;
}

void check(const std::string& tool, const cli::Figures& figures) {
    INFO(tool);
    CHECK(of_page(tool) == served(figures.metrics()));
}

} // namespace

TEST_CASE("what a tool tells Prometheus is what its man page lists") {
    check("cdc-capture", capture::Figures{{}});
    check("cdc-snapshot", snapshot::Figures{{}, {}});
    check("cdc-publish", publish::Figures{{}});
    check("cdc-consume", consume::Figures{{}});
    check("cdc-load", load::Figures{{}});
    check("cdc-transform", transform::Figures{{}});
    check("cdc-verify", verify::Figures{{}});
}
