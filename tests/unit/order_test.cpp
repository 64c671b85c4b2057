#include "event/order.hpp"

#include "support.hpp"

#include <random>

using cdc::event::Order;

TEST_CASE("an order is 32 hex digits of epoch, position and index") {
    const Order order = Order::make(3, 0x16B3748, 12);
    CHECK(order.text() == "000300000000016b374800000000000c");
    CHECK(order.epoch() == 3);
    CHECK(order.position() == 0x16B3748);
    CHECK(order.index() == 12);
    CHECK(Order::parse(order.text()) == order);
}

TEST_CASE("texts compare as the numbers do") {
    std::mt19937_64 random{42};
    const auto make = [&] {
        return Order::make(static_cast<std::uint16_t>(random() % 3), random() >> (random() % 64),
                           random() % (Order::kMaxIndex + 1));
    };
    for (int i = 0; i < 10000; ++i) {
        const Order a = make();
        const Order b = make();
        CHECK((a < b) == (a.text() < b.text()));
    }
}

TEST_CASE("what is not an order is refused") {
    CHECK_FALSE(Order::parse(""));
    CHECK_FALSE(Order::parse("000300000000016b374800000000000"));
    CHECK_FALSE(Order::parse("000300000000016B374800000000000c"));
    CHECK_FALSE(Order::parse("000300000000016b374800000000000g"));
    // Every byte at every place.
    for (std::size_t place = 0; place < 32; ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string text = "0123456789abcdef0f1e2d3c4b5a6978";
            text[place] = static_cast<char>(byte);
            const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
            const auto order = Order::parse(text);
            REQUIRE(order.has_value() == digit);
            REQUIRE((!digit || order->text() == text));
        }
    }
}
