#include "cdc-publish/publish.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "cdc-publish/exactly_once.hpp"
#include "cdc-publish/figures.hpp"
#include "io/line_reader.hpp"
#include "io/stop_signal.hpp"

#include <algorithm>

#include <unistd.h>

namespace cdc::publish {

using base::ExitCode;
namespace log = base::log;
using Result = io::LineReader::Result;

namespace {

constexpr int kLinesPerTurn = 256;

/// After a signal the input is read to its end, for as long as --drain says.
class DrainLimit {
public:
    explicit DrainLimit(std::int64_t drain_ms) : m_drain_ms{drain_ms} {}

    bool over() {
        if (io::stop_signal::count() >= 2) {
            return true;
        }
        return io::stop_signal::requested() && base::steady_ms() >= deadline();
    }
    /// -1 before a signal.
    int left_ms() {
        if (!io::stop_signal::requested()) {
            return -1;
        }
        return static_cast<int>(std::max<std::int64_t>(deadline() - base::steady_ms(), 0));
    }

private:
    std::int64_t deadline() {
        if (m_deadline_ms == 0) {
            m_deadline_ms = base::steady_ms() + m_drain_ms;
        }
        return m_deadline_ms;
    }

    std::int64_t m_drain_ms;
    std::int64_t m_deadline_ms = 0;
};

/// Gives the lines to the stream until the input ends or the time is over.
template<typename Show>
Result pump(io::LineReader& reader, Stream& stream, DrainLimit& limit, Show&& show) {
    int lines = 0;
    std::string_view line;
    while (!limit.over()) {
        const int left = limit.left_ms();
        const int wait = stream.next_turn_ms();
        const Result result = reader.next(line, left < 0 ? wait : std::min(left, wait));
        if (result == Result::line) {
            stream.take(line, reader.line_number());
            if (++lines < kLinesPerTurn && reader.buffered()) {
                continue;
            }
        } else if (result != Result::waiting) {
            return result;
        }
        lines = 0;
        stream.turn();
        show();
    }
    return Result::waiting;
}

} // namespace

int run(const Options& options) {
    io::stop_signal::set_drain_ms(options.drain_ms);
    const std::int64_t started_ms = base::steady_ms();
    kafka::Acknowledgements acknowledgements;
    Figures figures{options.metrics};
    kafka::Producer::Options producer_options{options.settings, options.transactional_id};
    producer_options.queue_bytes = options.queue_bytes;
    producer_options.connect_timeout_ms = static_cast<int>(options.kafka.connect_timeout_ms);
    producer_options.drain_ms = options.drain_ms;
    producer_options.keep_ends = options.marks;
    if (!options.metrics.destination.empty()) {
        producer_options.on_delivered = [&figures](std::int64_t us) {
            figures.delivery.observe(us / 1000);
        };
    }
    kafka::Producer producer{producer_options, acknowledgements};
    std::unique_ptr<Stream> stream;
    if (options.exactly_once) {
        stream = std::make_unique<ExactlyOnceStream>(options, producer, acknowledgements, figures);
    } else {
        stream = std::make_unique<PlainStream>(options, producer, acknowledgements);
    }
    io::LineReader reader{STDIN_FILENO};
    reader.set_wake_fd(producer.wake_fd());
    const auto show = [&](bool last = false) {
        figures.lines.set(static_cast<std::int64_t>(reader.line_number()));
        figures.bytes.set(static_cast<std::int64_t>(reader.bytes()));
        figures.waiting.set(static_cast<std::int64_t>(acknowledgements.outstanding()));
        figures.records.set(
            static_cast<std::int64_t>(stream->records() - acknowledgements.outstanding()));
        if (stream->durable_ts_ms() != 0) {
            figures.checkpoint_time.set(stream->durable_ts_ms());
            figures.behind.set(stream->durable_ts_ms());
            figures.position.set(static_cast<std::int64_t>(stream->durable_position()));
        }
        figures.count(stream->publisher(), last);
        figures.show();
    };
    DrainLimit limit{options.drain_ms};
    Result result = Result::waiting;
    try {
        result = pump(reader, *stream, limit, show);
    } catch (const base::Error& error) {
        if (error.code() == ExitCode::bad_data) {
            // What came before the bad line is as good as ever.
            stream->finish(static_cast<int>(options.drain_ms));
        }
        throw;
    }
    if (result == Result::waiting) {
        log::warning("the input did not end within --drain; what was not acknowledged comes again");
    }
    while (!stream->finish(std::min(limit.left_ms() < 0 ? 1000 : limit.left_ms(), 1000))) {
        if (limit.over()) {
            base::fail(ExitCode::failed, "{} records were not acknowledged within --drain",
                       acknowledgements.outstanding());
        }
    }
    show(true);
    if (reader.line_number() > 0) {
        log::info("{}, {:.1f} s", stream->summary(),
                  static_cast<double>(base::steady_ms() - started_ms) / 1000);
    }
    if (result == Result::torn) {
        base::fail(ExitCode::failed,
                   "the input ends inside line {}: its writer was killed; the part was dropped",
                   reader.line_number() + 1);
    }
    return static_cast<int>(ExitCode::ok);
}

} // namespace cdc::publish
