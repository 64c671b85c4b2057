#include "kafka/errors.hpp"

#include "support.hpp"

#include <string>

using namespace cdc;

TEST_CASE("a login that fails: an old client is blamed for SCRAM, a newer one is not") {
    const std::string old = kafka::login_hint(0x020002ff);
    CHECK(old.find("Look at sasl.username and sasl.password") == 0);
    CHECK(old.find("2.6.1 and later, this is 2.0.2") != std::string::npos);
    for (const int version : {0x020601ff, 0x02060100, 0x020f01ff}) {
        CAPTURE(version);
        CHECK(kafka::login_hint(version) == "Look at sasl.username and sasl.password");
    }
    CHECK(kafka::login_hint(0x020600ff) != kafka::login_hint(0x020601ff));
}

TEST_CASE("a producer that is fenced: another one, or a transaction that timed out") {
    for (const auto code : {RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
                            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH}) {
        const std::string hint = kafka::make_error(code, "x").hint();
        CHECK(hint.find("has taken over") != std::string::npos);
        CHECK(hint.find("transaction.timeout.ms") != std::string::npos);
    }
}
