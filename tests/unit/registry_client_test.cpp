#include "registry/client.hpp"

#include "support.hpp"

#include <httplib.h>

#include <thread>

using namespace cdc;

TEST_CASE("an id of a schema that a record has no room for is refused") {
    httplib::Server server;
    std::string answer;
    server.Post(".*", [&answer](const httplib::Request&, httplib::Response& response) {
        response.set_content(answer, "application/json");
    });
    const int port = server.bind_to_any_port("127.0.0.1");
    std::thread thread{[&server] {
        server.listen_after_bind();
    }};
    const auto id = [&](const std::string& text) {
        answer = text;
        registry::Client client{
            {registry::parse_urls("http://127.0.0.1:" + std::to_string(port)), 5'000, 5'000}};
        return client.add("s", {registry::Format::avro, "{}"});
    };
    CHECK(id(R"({"id":0})") == 0);
    CHECK(id(R"({"id":2147483647})") == 2147483647);
    for (const char* text :
         {R"({"id":2147483648})", R"({"id":5000000000})", R"({"id":-1})", R"({"id":1.5})",
          R"({"id":"7"})", R"({"id":18446744073709551616})", "{}", "[]", ""}) {
        CAPTURE(text);
        CHECK_FAILS(id(text), refused, "subject 's'");
    }
    server.stop();
    thread.join();
}
