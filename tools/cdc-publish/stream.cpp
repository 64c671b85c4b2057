#include "cdc-publish/stream.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "event/input_hint.hpp"
#include "event/json_cursor.hpp"

namespace cdc::publish {

using base::Error;
using base::ExitCode;

void publish_line(Publisher& publisher, const Options& options, std::string_view line,
                  std::uint64_t line_number, bool again) {
    try {
        publisher.publish(line);
    } catch (const Error& error) {
        if (error.code() != ExitCode::bad_data) {
            throw;
        }
        if (options.on_error == "stop") {
            throw Error{error.code(), fmt::format("line {}: {}", line_number, error.what()),
                        error.hint().empty() ? event::input_hint(line) : error.hint()};
        }
        publisher.dead_letter(line, line_number, error, again);
    }
}

bool is_checkpoint(std::string_view line) {
    event::JsonCursor cursor{line};
    return cursor.open('{') && cursor.member_name() == "checkpoint";
}

PlainStream::PlainStream(const Options& options, kafka::Producer& producer,
                         kafka::Acknowledgements& acknowledgements)
    : m_producer{producer}, m_acknowledgements{acknowledgements}, m_options{options},
      m_publisher{options, producer}, m_checkpoints{options.checkpoints} {
    if (options.marks) {
        m_marks.emplace(options, producer, m_publisher, acknowledgements);
    }
}

void PlainStream::take(std::string_view line, std::uint64_t line_number) {
    if (m_publisher.must_settle(line)) {
        m_producer.flush(-1);
        m_publisher.settled();
    }
    publish_line(m_publisher, m_options, line, line_number);
    if (is_checkpoint(line)) {
        m_acknowledgements.checkpoint(line);
    }
}

void PlainStream::turn() {
    m_producer.poll(0);
    const checkpoints::LastLines durable = m_acknowledgements.take_durable();
    if (m_marks) {
        for (const std::string& line : durable.lines()) {
            m_marks->send(line);
        }
    }
    m_checkpoints.durable(durable);
}

int PlainStream::next_turn_ms() {
    return m_checkpoints.pending() ? 20 : 500;
}

bool PlainStream::finish(int timeout_ms) {
    bool all = m_producer.flush(timeout_ms);
    turn();
    all = m_producer.flush(timeout_ms) && all; // the last mark
    m_checkpoints.write_due(true);
    m_publisher.routes().tell_unmet();
    base::log::debug("{} records sent, {} lines passed over", m_publisher.records(),
                     m_publisher.skipped());
    return all;
}

} // namespace cdc::publish
