#include "kafka/acknowledgements.hpp"
#include "kafka/producer.hpp"

#include "mock_kafka.hpp"
#include "support.hpp"

using namespace cdc;

TEST_CASE("a record that is larger than the queue waits alone, and is sent") {
    MockKafka brokers;
    brokers.make_topic("large");
    constexpr std::uint64_t kQueue = std::uint64_t{1} << 20;
    kafka::Acknowledgements acknowledgements;
    kafka::Producer producer{{brokers.settings(), "", 60'000, kQueue, 10'000, -1, 50},
                             acknowledgements};
    const int topic = producer.open_topic("large");
    const auto send = [&](const std::string& value) {
        kafka::OutgoingRecord record;
        record.topic = topic;
        record.key = "k";
        record.value = value;
        return producer.send(record);
    };
    const std::string large(3 * kQueue, 'x');
    REQUIRE(send("small"));
    CHECK_FALSE(send(large)); // the small one is waited for
    REQUIRE(producer.flush(10'000));
    REQUIRE(send(large));
    CHECK_FALSE(send("small"));
    REQUIRE(producer.flush(10'000));
    REQUIRE(send("small"));
    REQUIRE(producer.flush(10'000));
    CHECK(brokers.records("large").size() == 3);
}
