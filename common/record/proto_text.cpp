#include "base/error.hpp"
#include "record/proto_builder.hpp"
#include "record/proto_tokens.hpp"

#include <string>
#include <string_view>

namespace cdc::record {

using base::ExitCode;
using base::fail;

namespace {

class TextReader {
public:
    TextReader(ProtoBuilder& builder, std::string_view text) : m_builder{builder}, m_tokens{text} {}

    void read(ProtoScope& file) {
        while (!m_tokens.at_end()) {
            statement(file);
        }
    }

private:
    void statement(ProtoScope& file) {
        if (m_tokens.accept("message")) {
            message(file, m_package, 0);
        } else if (m_tokens.accept("enum")) {
            enumeration(m_package);
        } else if (m_tokens.accept("package")) {
            m_package = m_tokens.take_name();
            m_tokens.expect(";");
        } else if (m_tokens.accept("import")) {
            if (!m_tokens.accept("public")) {
                m_tokens.accept("weak");
            }
            m_builder.add_import(m_tokens.take_text());
            m_tokens.expect(";");
        } else if (m_tokens.accept("syntax")) {
            m_tokens.expect("=");
            const std::string_view syntax = m_tokens.take();
            m_proto3 = syntax.find("proto3") != std::string_view::npos;
            m_tokens.expect(";");
        } else if (!m_tokens.accept(";")) {
            m_tokens.skip_statement();
        }
    }

    void message(ProtoScope& outer, const std::string& scope, int depth) {
        if (depth > ProtoBuilder::kMostDepth) {
            fail(ExitCode::bad_data, "Protobuf schema: messages more than {} deep",
                 ProtoBuilder::kMostDepth);
        }
        ProtoScope& nested = m_builder.add_message(outer, scope, m_tokens.take_name());
        ProtoMessage& out = *nested.message;
        bool is_entry = false;
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.accept("message")) {
                message(nested, out.name, depth + 1);
            } else if (m_tokens.accept("enum")) {
                enumeration(out.name);
            } else if (m_tokens.accept("oneof")) {
                choice(out);
            } else if (m_tokens.accept("option")) {
                is_entry = m_tokens.peek() == "map_entry" || is_entry;
                m_tokens.skip_statement();
            } else if (m_tokens.peek() == "reserved" || m_tokens.peek() == "extensions" ||
                       m_tokens.peek() == "extend") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                labelled_field(out);
            }
        }
        if (is_entry) {
            ProtoBuilder::make_entry(out);
        }
    }

    void choice(ProtoMessage& out) {
        m_tokens.take_name();
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.peek() == "option") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                field(out, m_tokens.take_name(), false, true);
            }
        }
    }

    void labelled_field(ProtoMessage& out) {
        const std::string_view label = m_tokens.take_name();
        if (label == "map" && m_tokens.peek() == "<") {
            map_field(out);
        } else if (label == "optional" || label == "required" || label == "repeated") {
            field(out, m_tokens.take_name(), label == "repeated", true);
        } else {
            field(out, label, false, !m_proto3);
        }
    }

    /// Its entries are messages with a key and a value.
    void map_field(ProtoMessage& out) {
        m_tokens.expect("<");
        ProtoMessage& entry = m_builder.add_entry(out);
        const std::string_view key = m_tokens.take_name();
        m_tokens.expect(",");
        const std::string_view value = m_tokens.take_name();
        m_tokens.expect(">");
        m_builder.add_field(entry, key, "key", 1);
        m_builder.add_field(entry, value, "value", 2);
        const std::string_view name = m_tokens.take_name();
        m_tokens.expect("=");
        ProtoField& one = m_builder.add_field(out, "bytes", name, m_tokens.take_number());
        one.repeated = true;
        one.kind = ProtoKind::message;
        one.message = &entry;
        m_tokens.skip_options();
        m_tokens.expect(";");
    }

    void field(ProtoMessage& out, std::string_view type, bool repeated, bool presence) {
        const std::string_view name = m_tokens.take_name();
        m_tokens.expect("=");
        ProtoField& one = m_builder.add_field(out, type, name, m_tokens.take_number());
        one.repeated = repeated;
        one.presence = presence;
        m_tokens.skip_options();
        m_tokens.expect(";");
    }

    void enumeration(const std::string& scope) {
        auto& labels = m_builder.add_enum(scope, m_tokens.take_name());
        m_tokens.expect("{");
        while (!m_tokens.accept("}")) {
            if (m_tokens.peek() == "option" || m_tokens.peek() == "reserved") {
                m_tokens.skip_statement();
            } else if (!m_tokens.accept(";")) {
                const std::string_view name = m_tokens.take_name();
                m_tokens.expect("=");
                ProtoBuilder::add_label(labels, name, m_tokens.take_number());
                m_tokens.skip_options();
                m_tokens.expect(";");
            }
        }
    }

    ProtoBuilder& m_builder;
    ProtoTokens m_tokens;
    std::string m_package;
    bool m_proto3 = false;
};

} // namespace

void read_proto_text(ProtoBuilder& builder, ProtoScope& file, std::string_view text) {
    TextReader{builder, text}.read(file);
}

} // namespace cdc::record
