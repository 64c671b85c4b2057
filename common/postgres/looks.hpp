#ifndef CDC_POSTGRES_LOOKS_HPP
#define CDC_POSTGRES_LOOKS_HPP

#include "postgres/facts.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cdc::postgres {

/// What one look found. The tables are those of the look before where nothing has moved.
struct Look {
    LookMoment moment;
    std::shared_ptr<const FactsLook> facts;
    std::int64_t made_ms = 0; ///< on the monotonic clock
};

/// Looks at the facts beside a stream, on a connection and a thread of its own: at once, when it is
/// asked (at most once a second), and every 10 s; less often where a look takes long, so that the
/// source spends at most a tenth of a core on them. A look that fails is tried again.
class Looks {
public:
    /// `since`: what older transactions did is known by earlier looks; "": nothing is known.
    Looks(std::string source, FactsScope scope, std::string since);
    /// Ends the thread, within 100 ms where it does not connect just then.
    ~Looks();
    Looks(const Looks&) = delete;
    Looks& operator=(const Looks&) = delete;

    /// Something may have changed.
    void ask();
    /// The newest look since the last call; nothing when there is none. Throws the Error of a look
    /// that no other try would mend.
    std::shared_ptr<const Look> take();

private:
    void work();
    /// False: it is time to end.
    bool wait_until_due();
    std::shared_ptr<const Look> look();
    void find_empty(FactsLook& facts);
    bool is_empty(const event::Facts& facts);
    void find_filled(FactsLook& facts);
    bool is_filled(const event::LeafFacts& leaf, std::uint32_t entered);
    bool is_rewritten(const event::LeafFacts& leaf);
    bool ask_first_pages(const event::LeafFacts& leaf, const std::string& condition,
                         const std::vector<std::string>& parameters);
    bool has_first_row(const event::LeafFacts& leaf, const std::string& condition,
                       const std::vector<std::string>& parameters);
    void check_stop();

    const std::string m_source;
    const FactsScope m_scope;
    const std::string m_since;

    // The thread's own.
    std::unique_ptr<Connection> m_connection;
    std::string m_version;
    std::shared_ptr<const FactsLook> m_facts;
    std::unordered_map<std::uint32_t, bool> m_filled; ///< tables that were asked for it
    std::map<std::pair<std::uint32_t, std::uint32_t>, bool> m_rewritten; ///< by number and storage
    std::int64_t m_timeout_ms;     ///< for the statement that reads all facts
    std::int64_t m_give_up = 0;    ///< of a look: until then it tries again where a lock is held
    std::int64_t m_next_asked = 0; ///< not before, on the monotonic clock
    std::int64_t m_next = 0;       ///< then in any case

    std::mutex m_mutex;
    std::condition_variable m_changed;
    // Under the lock.
    bool m_stop = false;
    bool m_asked = true;
    std::shared_ptr<const Look> m_found;
    std::exception_ptr m_error;

    std::thread m_thread; ///< last: it uses all of the above
};

} // namespace cdc::postgres

#endif
