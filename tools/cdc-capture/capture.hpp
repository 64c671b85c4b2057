#ifndef CDC_CAPTURE_CAPTURE_HPP
#define CDC_CAPTURE_CAPTURE_HPP

#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/figures.hpp"
#include "cdc-capture/options.hpp"
#include "cdc-capture/progress.hpp"
#include "io/input_pause.hpp"
#include "io/line_writer.hpp"
#include "source/change_stream.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace cdc::capture {

/// The pipeline: stream in, lines out, acknowledged positions back. One thread waits for the
/// server, the output's writer, signals and its own timers; a second one only writes. When the
/// output is blocked the stream is not read any more, but feedback goes on.
///
/// A state machine (see State): `streaming` and `stopping` take turns of wait, read and feedback,
/// and `holding` the same without the reading; `reconnecting` ends in `streaming` or `holding`, in
/// `writing` when a stop is asked for, or in an error; `writing` and `awaiting` have the rest of
/// --drain.
class Capture {
public:
    /// `stream` is not open yet; `output` is closed at the end, so that the next stage sees it.
    Capture(const Options& options, source::ChangeStream& stream, Acknowledgement& acknowledgement,
            int output);

    /// Makes the first connection. Throws io::Stopped when a signal came meanwhile.
    void connect();
    /// After connect(): streams until a stop condition or a signal, then drains. Returns the exit
    /// code.
    int run();

    State state() const { return m_state; }
    const Positions& positions() const { return m_positions; }

private:
    void enter(State state);

    // streaming, holding, stopping
    void stream();
    void turn();
    bool wait();
    bool work_is_due() const;
    int next_timeout() const;
    void read();
    bool make_room();
    void end_transaction();
    void hold();
    void release();
    bool stop_wanted();
    /// Leaves the states of streaming when it is time to.
    void stop_if_wanted();
    static void stop_at_second_signal();

    // reconnecting
    bool try_to_open(bool resumes);
    void reopen();
    void lose(const source::ServerError& cause);
    void reconnect();
    void close_stream();

    // feedback.cpp
    void emit_checkpoint();
    void emit_due_checkpoint();
    void submit();
    void submit_if_worthwhile();
    void confirm();
    void poll_acknowledgement();
    void show_figures(bool last = false);

    // drain.cpp: writing, awaiting
    int finish();
    bool wait_until(std::int64_t deadline, const std::function<bool()>& done);
    void confirm_and_leave();
    void leave_in_disorder() noexcept;

    static constexpr std::int64_t kAckPollMs = 100; ///< how often checkpoint files are looked at
    static constexpr std::int64_t kQuietMs = 50;    ///< without data: the stream is idle
    static constexpr std::int64_t kSubmitMs =
        20; ///< a line of a running transaction waits no longer

    const Options& m_options;
    source::ChangeStream& m_stream;
    Acknowledgement& m_ack;
    io::LineWriter m_writer;
    int m_output;
    Figures m_figures;
    AcknowledgedTimes m_acknowledged{m_figures.acknowledged};

    State m_state = State::reconnecting; ///< before connect(), too
    Positions m_positions;
    Clocks m_clocks;
    std::string m_checkpointed_place; ///< of the last checkpoint line, for messages
    event::Order m_barrier;           ///< what the files must hold first; Order{}: nothing

    bool m_more = false; ///< what was received may not have been taken
    io::InputPause m_pause;
    bool m_drained = false; ///< nothing more was there at the last look
    bool m_end = false;     ///< the log has passed the end that was asked for
    bool m_enough = false;  ///< there are --max-events lines

    std::int64_t m_failed_since = 0; ///< the stream at m_failed_at, without getting further since
    event::Order m_failed_at;
};

} // namespace cdc::capture

#endif
