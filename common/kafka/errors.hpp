#ifndef CDC_KAFKA_ERRORS_HPP
#define CDC_KAFKA_ERRORS_HPP

#include "base/error.hpp"

#include <librdkafka/rdkafka.h>

#include <string>

namespace cdc::kafka {

/// What an error of the client or the broker means for the tool: refused for rights, settings and
/// identity, bad_data for records that cannot be stored, failed for everything worth a retry.
base::ExitCode exit_code_of(rd_kafka_resp_err_t error);

/// Whether the client goes on trying by itself after this error.
bool is_transient(rd_kafka_resp_err_t error);

/// What to look at when a login fails; `version` is the client's, as rd_kafka_version() has it.
std::string login_hint(int version);

/// "what: the client's words (code)", with a hint where one is known.
base::Error make_error(rd_kafka_resp_err_t error, const std::string& what,
                       const std::string& words = {});

} // namespace cdc::kafka

#endif
