#include "kafka/topic_pattern.hpp"

#include "support.hpp"

using namespace cdc;

namespace {

bool matches(const std::string& text, const std::string& topic) {
    return kafka::TopicMatcher{kafka::parse_topics({text}).at(0).wanted}(topic);
}

} // namespace

TEST_CASE("topics are names, globs, and expressions that begin with a caret") {
    CHECK(matches("shop.orders", "shop.orders"));
    CHECK_FALSE(matches("shop.orders", "shopXorders"));
    CHECK(matches("shop.*", "shop.orders"));
    CHECK_FALSE(matches("shop.*", "shopping"));
    CHECK_FALSE(matches("shop.*", "my.shop.orders"));
    CHECK(matches("shop.order?", "shop.orders"));
    CHECK(matches("s.[a-c]*", "s.bee"));
    CHECK_FALSE(matches("s.[!a-c]*", "s.bee"));
    CHECK(matches("^shop[.]", "shop.orders"));
    CHECK(matches("*.public.*", "shop.public.orders"));
    CHECK(matches("^a{1,2}$", "aa"));
}

TEST_CASE("classes of characters mean the same to the client's engine and to ours") {
    const auto wanted = [](const std::string& text) {
        return kafka::parse_topics({text}).at(0).wanted;
    };
    CHECK(wanted(R"(^shop[.]t\d+$)") == "^shop[.]t[0-9]+$");
    CHECK(wanted(R"(^a\.b\W[\w.\-]*$)") == "^a\\.b[^A-Za-z0-9_][A-Za-z0-9_.-]*$");
    CHECK(wanted(R"(^[a\-z]$)") == "^[az-]$");
    CHECK(wanted("^a[[:digit:]]$") == "^a[[:digit:]]$");
    CHECK(matches(R"(^t\d$)", "t1"));
    CHECK_FALSE(matches(R"(^t\d$)", "td"));
}

TEST_CASE("commas part names and globs, not expressions") {
    const auto patterns = kafka::parse_topics({"a,b.*", "^c{1,2}$"});
    REQUIRE(patterns.size() == 3);
    CHECK(kafka::wanted_topics(patterns) == std::vector<std::string>{"a", "^b[.].*$", "^c{1,2}$"});
    CHECK(patterns[1].given == "b.*");
}

TEST_CASE("no pattern means the brokers' own topics") {
    CHECK_FALSE(matches("*", "__consumer_offsets"));
    CHECK(matches("*", "_schemas"));
    CHECK(matches("__consumer_offsets", "__consumer_offsets"));
}

TEST_CASE("a broken expression is wrong usage") {
    CHECK_FAILS(kafka::parse_topics({"^shop("}), usage, "'^shop('");
    CHECK_FAILS(kafka::parse_topics({"shop.*("}), usage, "'shop.*('");
}

TEST_CASE("a topic that nobody has gets the near name") {
    const auto pattern = kafka::parse_topics({"shop.oders"}).at(0);
    CHECK(kafka::near_topic(pattern, {"shop.orders", "x"}) == "shop.orders");
    CHECK(kafka::unmet_text(pattern) == "there is no topic 'shop.oders'");
    CHECK(kafka::unmet_text(kafka::parse_topics({"x.*"}).at(0)) == "no topic matches 'x.*'");
}
