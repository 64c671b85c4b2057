#include "kafka/errors.hpp"

namespace cdc::kafka {

using base::Error;
using base::ExitCode;

namespace {

/// The first librdkafka whose SCRAM login keeps to the protocol as Kafka 4 insists on it.
constexpr int kScramOfKafka4 = 0x02060100;

} // namespace

ExitCode exit_code_of(rd_kafka_resp_err_t error) {
    switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
        return ExitCode::refused;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
        return ExitCode::bad_data;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__NOT_CONFIGURED:
        return ExitCode::usage;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return ExitCode::position_lost;
    default:
        return ExitCode::failed;
    }
}

bool is_transient(rd_kafka_resp_err_t error) {
    switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FAIL:
        return false;
    default:
        return exit_code_of(error) == ExitCode::failed;
    }
}

std::string login_hint(int version) {
    std::string hint = "Look at sasl.username and sasl.password";
    if (version < kScramOfKafka4) {
        hint += fmt::format("; by SCRAM, Kafka 4 lets in only librdkafka 2.6.1 and later, this is "
                            "{}.{}.{}: see LOGIN in cdc-publish(1)",
                            version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
    }
    return hint;
}

Error make_error(rd_kafka_resp_err_t error, const std::string& what, const std::string& words) {
    std::string hint;
    switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        hint = login_hint(rd_kafka_version());
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        hint = "The broker's access lists do not allow this to the user that logged in";
        break;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
        hint =
            "A newer cdc-publish with the same transactional id has taken over; or this one stood "
            "still for longer than its transaction.timeout.ms: start it again then";
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        hint = "Kafka takes '.' and '_' in names of topics for the same: give another --prefix or "
               "--topic";
        break;
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        hint = "The time of a commit is further from the broker's clock than the topic's "
               "message.timestamp.before.max.ms and message.timestamp.after.max.ms allow";
        break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        hint =
            "Raise max.message.bytes of the topic; where each record is smaller, their batch was "
            "too large: -X batch.size=BYTES";
        break;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        hint = "A topic whose cleanup.policy is compact takes no record without key";
        break;
    default:
        break;
    }
    const std::string text = words.empty() ? rd_kafka_err2str(error) : words;
    return Error{exit_code_of(error),
                 fmt::format("{}: {} ({})", what, text, rd_kafka_err2name(error)), hint};
}

} // namespace cdc::kafka
