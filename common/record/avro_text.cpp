#include "record/avro_text.hpp"

#include <fmt/format.h>

namespace cdc::record {

std::string avro_field(std::string_view name, std::string_view type, std::string_view more) {
    return fmt::format(R"({{"name":"{}","type":{}{}}})", name, type, more);
}

std::string nullable_avro_field(std::string_view name, std::string_view type) {
    return avro_field(name, fmt::format(R"(["null",{}])", type), R"(,"default":null)");
}

} // namespace cdc::record
