#include "kafka/settings.hpp"
#include "kafka/topic_name.hpp"
#include "kafka/topics.hpp"

#include "support.hpp"

#include <fstream>

using namespace cdc::kafka;

TEST_CASE("topics are named after prefix, schema or database, and table") {
    TopicNamer namer{"shop", "{prefix}.{schema}.{table}"};
    CHECK(namer.topic_of("d", "public", "orders") == "shop.public.orders");
    CHECK(namer.topic_of("inventory", "", "orders") == "shop.inventory.orders");
    CHECK(namer.topic_of("d", "public", "odd name/ü") == "shop.public.odd_name___");
    CHECK(namer.topic_of("d", "public", "orders") == "shop.public.orders");
    CHECK(namer.side_topic("heartbeat") == "shop.heartbeat");
    CHECK(TopicNamer("p", "x-{db}-{table}").topic_of("d", "s", "t") == "x-d-t");
}

TEST_CASE("two tables never share a topic") {
    TopicNamer namer{"shop", "{prefix}.{schema}.{table}"};
    namer.topic_of("d", "public", "a b");
    CHECK_FAILS(namer.topic_of("d", "public", "a/b"), refused, "would be shared");
    CHECK_FAILS(namer.topic_of("other", "public", "a b"), refused, "would be shared");
    TopicNamer flat{"shop", "{prefix}.{table}"};
    CHECK_FAILS(flat.topic_of("d", "s", "heartbeat"), refused, "would be shared");
    CHECK(flat.topic_of("d", "s", "marks") == "shop.marks");
    TopicNamer marked{"shop", "{prefix}.{table}"};
    marked.reserve("shop.marks", "marks");
    CHECK_FAILS(marked.topic_of("d", "s", "marks"), refused, "the topic for marks");
}

TEST_CASE("names that Kafka does not take are refused") {
    TopicNamer namer{"p", "{table}"};
    CHECK_FAILS(namer.topic_of("d", "s", std::string(250, 'x')), refused, "no legal topic name");
    CHECK_FAILS(namer.topic_of("d", "s", ".."), refused, "no legal topic name");
    CHECK_FAILS((TopicNamer{"p", "{prefix}.{what}"}), usage, "{what}");
    CHECK_FAILS((TopicNamer{"p", "{prefix"}), usage, "unknown place");
}

TEST_CASE("settings that undo a promise are refused, the same value is not") {
    const auto check = [](const char* assignment) {
        Settings settings;
        settings.parse(assignment);
        check_settings(settings, insisted_of_producers());
    };
    CHECK_FAILS(check("acks=1"), usage, "promise");
    CHECK_FAILS(check("request.required.acks=0"), usage, "promise");
    CHECK_FAILS(check("enable.idempotence=false"), usage, "promise");
    CHECK_FAILS(check("delivery.timeout.ms=1000"), usage, "promise");
    CHECK_NOTHROW(check("acks=all"));
    CHECK_NOTHROW(check("acks=-1"));
    CHECK_NOTHROW(check("linger.ms=50"));
    CHECK_FAILS(check("no.such.property=1"), usage, "no.such.property");
    CHECK_FAILS(check("compression.codec=rar"), usage, "compression.codec");
    CHECK_FAILS(check("nonsense"), usage, "name=value");
}

TEST_CASE("a properties file is read without showing what stands in it") {
    const TemporaryFolder folder;
    std::ofstream{folder.file("a")} << "# comment\n\n sasl.password = top secret \nlinger.ms=5\n";
    Settings settings;
    settings.read_file(folder.file("a"));
    CHECK(settings.get("sasl.password") == "top secret");
    CHECK(settings.get("linger.ms") == "5");
    std::ofstream{folder.file("b")} << "password secret\n";
    CHECK_FAILS(settings.read_file(folder.file("b")), usage, "line 1, is not name=value");
    CHECK_FAILS(settings.read_file(folder.file("none")), usage, "cannot open");
}

TEST_CASE("differences between a topic and what is asked for are told in words") {
    const TopicFacts facts{3, 1, {{"retention.ms", "604800000"}, {"cleanup.policy", "delete"}}};
    CHECK(differences({}, facts).empty());
    CHECK(differences({3, 1, {{"cleanup.policy", "delete"}}}, facts).empty());
    const auto found = differences({6, 3, {{"retention.ms", "1"}}}, facts);
    REQUIRE(found.size() == 3);
    CHECK(found[0] == "3 partitions, not 6");
    CHECK(found[1] == "replication 1, not 3");
    CHECK(found[2] == "retention.ms 604800000, not 1");
    CHECK(facts.max_message_bytes() == 1048588);
}
