#include "cdc-capture/manage.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "cdc-capture/session.hpp"
#include "event/table_filter.hpp"
#include "io/stop_signal.hpp"
#include "postgres/preflight.hpp"
#include "postgres/slot.hpp"

namespace cdc::capture {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;
using postgres::Connection;

namespace {

postgres::PreflightQuestion question_of(const Options& options) {
    return {options.source, options.slot, options.publication,
            event::TableFilter{options.tables, options.exclude}, options.allow_no_identity};
}

} // namespace

int check(const Options& options) {
    Connection plain{options.source, Connection::Kind::plain};
    const ExitCode code = postgres::report(postgres::preflight(plain, question_of(options)), true);
    base::log::info("{}", code == ExitCode::ok ? "ready" : "not ready");
    return static_cast<int>(code);
}

void create(const Options& options, const std::string& checkpoint_file) {
    if (!checkpoint_file.empty()) {
        throw Error{ExitCode::refused,
                    fmt::format("--create, but checkpoint file {} says that slot {} was read "
                                "before; a new slot would leave a gap",
                                in_quotes(checkpoint_file), in_quotes(options.slot)),
                    "leave --create out to go on, or remove the file to begin anew"};
    }
    Connection plain{options.source, Connection::Kind::plain};
    plain.set_on_wait([] {
        if (io::stop_signal::requested()) {
            fail(ExitCode::failed, "stopped while the slot was made");
        }
    });
    check_version(plain);
    auto findings = postgres::preflight(plain, question_of(options));
    // A missing publication is what we are here for.
    std::erase_if(findings, [](const postgres::Finding& f) {
        return f.subject == "publication" && f.remedy == "--create makes it";
    });
    if (const ExitCode code = postgres::report(findings, false); code != ExitCode::ok) {
        throw Error{code, "nothing was made: see the errors above"};
    }
    const auto slot = postgres::inspect_slot(plain, options.slot);
    if (slot) {
        check_slot(*slot, options.slot, plain.database());
    }
    postgres::ensure_publication(plain, options.publication,
                                 event::TableFilter{options.tables, options.exclude});
    if (slot) {
        base::log::info("slot {} is there already; its stream begins at {}",
                        in_quotes(options.slot), postgres::format_lsn(slot->confirmed));
        return;
    }
    const postgres::Lsn position = postgres::create_slot(plain, options.slot);
    base::log::info("made slot {}; its stream begins at {}", in_quotes(options.slot),
                    postgres::format_lsn(position));
}

void drop(const Options& options) {
    Connection plain{options.source, Connection::Kind::plain};
    check_version(plain);
    if (const auto slot = postgres::inspect_slot(plain, options.slot)) {
        postgres::drop_slot(plain, options.slot);
        base::log::info("dropped slot {}", in_quotes(options.slot));
    } else {
        base::log::info("there is no slot {}", in_quotes(options.slot));
    }
    const auto publication = postgres::inspect_publication(plain, options.publication);
    if (publication && publication->made_by_us) {
        postgres::drop_publication(plain, options.publication);
        base::log::info("dropped publication {}", in_quotes(options.publication));
    } else if (publication) {
        base::log::info("publication {} was not made by --create and stays",
                        in_quotes(options.publication));
    }
}

} // namespace cdc::capture
