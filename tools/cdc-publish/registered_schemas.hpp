#ifndef CDC_PUBLISH_REGISTERED_SCHEMAS_HPP
#define CDC_PUBLISH_REGISTERED_SCHEMAS_HPP

#include "cdc-publish/options.hpp"
#include "event/line_decoder.hpp"
#include "record/table_encoder.hpp"
#include "registry/client.hpp"

#include <map>
#include <memory>
#include <string>

namespace cdc::publish {

/// The schemas of tables in the registry. Asked at table lines only.
class RegisteredSchemas {
public:
    explicit RegisteredSchemas(const Options& options);

    /// For the records of a table line's shape; its schemas are in the registry then. Throws Error:
    /// `refused`, with the registry's words, where they may not be.
    std::shared_ptr<record::TableEncoder> encoder(const std::string& topic,
                                                  const event::DecodedLine& line);

private:
    struct Wanted {
        std::string subject;
        registry::Schema schema;
        int id = -1; ///< -1: not registered
    };
    void look_up(Wanted& wanted);
    void check_objections(const Wanted& wanted);

    const Options& m_options;
    registry::Client m_client;
    /// By topic, and by what the schemas are made of.
    std::map<std::string, std::shared_ptr<record::TableEncoder>> m_encoders;
};

} // namespace cdc::publish

#endif
