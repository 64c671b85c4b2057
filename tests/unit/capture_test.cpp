#include "base/numbers.hpp"
#include "cdc-capture/acknowledgement.hpp"
#include "cdc-capture/postgres_changes.hpp"
#include "cdc-capture/postgres_session.hpp"
#include "io/atomic_file.hpp"
#include "support.hpp"

using namespace cdc::capture;
using cdc::event::Checkpoint;
using cdc::event::Order;
using cdc::postgres::parse_lsn;
using cdc::postgres::SlotState;
using cdc::postgres::SystemIdentity;
using cdc::postgres::Timelines;

namespace {

Checkpoint checkpoint_at(const std::string& position, std::uint16_t timeline = 1) {
    Checkpoint checkpoint;
    checkpoint.kind = "postgres";
    checkpoint.server = "7000";
    checkpoint.database = "inventory";
    checkpoint.slot = "orders";
    checkpoint.position = position;
    checkpoint.order = Order::make(timeline, *parse_lsn(position), 0);
    return checkpoint;
}

Order order_at(std::uint64_t position) {
    return Order::make(1, position, 0);
}

void write(const std::string& path, const Checkpoint& checkpoint) {
    cdc::io::write_file_atomically(path, checkpoint.encode() + "\n");
}

SlotState slot_at(const std::string& confirmed) {
    SlotState slot;
    slot.plugin = "pgoutput";
    slot.database = "inventory";
    slot.confirmed = *parse_lsn(confirmed);
    slot.wal_status = "reserved";
    return slot;
}

const SystemIdentity kSystem{"7000", Timelines{1, ""}, *parse_lsn("0/9000")};

void resume(const Checkpoint& checkpoint, const SlotState& slot,
            const SystemIdentity& system = kSystem) {
    check_resume(resume_point(checkpoint, "state.json"), slot, system, "inventory");
}

} // namespace

TEST_CASE("a checkpoint between the slot and the end of the log is resumed") {
    resume(checkpoint_at("0/5000"), slot_at("0/5000"));
    resume(checkpoint_at("0/9000"), slot_at("0/5000"));
}

TEST_CASE("a position that the server no longer has, or not yet, is lost, with the range") {
    CHECK_FAILS(resume(checkpoint_at("0/4FFF"), slot_at("0/5000")), position_lost,
                "'state.json' is at 0/4FFF, but the slot was confirmed up to 0/5000");
    CHECK_FAILS(resume(checkpoint_at("0/9001"), slot_at("0/5000")), position_lost,
                "at 0/9001, but the server's log ends at 0/9000");
}

TEST_CASE("a position on another branch of the history is lost") {
    const SystemIdentity promoted{"7000", Timelines{2, "1\t0/7000\tx\n"}, *parse_lsn("0/9000")};
    resume(checkpoint_at("0/7000", 1), slot_at("0/5000"), promoted);
    resume(checkpoint_at("0/8000", 2), slot_at("0/5000"), promoted);
    CHECK_FAILS(resume(checkpoint_at("0/8000", 1), slot_at("0/5000"), promoted), position_lost,
                "0/8000 of timeline 1, which is not part of the history");
    CHECK_FAILS(resume(checkpoint_at("0/8000", 3), slot_at("0/5000"), promoted), position_lost,
                "timeline 3");
}

TEST_CASE("a checkpoint of something else is refused") {
    Checkpoint other = checkpoint_at("0/5000");
    other.server = "8000";
    CHECK_FAILS(resume(other, slot_at("0/5000")), refused, "belongs to server '8000'");
    other = checkpoint_at("0/5000");
    other.database = "shop";
    CHECK_FAILS(resume(other, slot_at("0/5000")), refused, "database 'shop'");
    other = checkpoint_at("0/5000");
    other.snapshot = {{"tables", 3}};
    CHECK_FAILS(resume(other, slot_at("0/5000")), refused, "unfinished snapshot");
    other.snapshot = "done";
    resume(other, slot_at("0/5000"));
}

TEST_CASE("a slot of something else is refused, and one that was given up is lost") {
    SlotState slot = slot_at("0/5000");
    check_slot(slot, "orders", "inventory");
    CHECK_FAILS(check_slot(slot, "orders", "shop"), refused, "database 'inventory'");
    slot.plugin = "test_decoding";
    CHECK_FAILS(check_slot(slot, "orders", "inventory"), refused, "test_decoding");
    slot = slot_at("0/5000");
    slot.wal_status = "lost";
    CHECK_FAILS(check_slot(slot, "orders", "inventory"), position_lost, "from 0/5000 on");
    slot = slot_at("0/5000");
    slot.invalidation = "wal_removed";
    CHECK_FAILS(check_slot(slot, "orders", "inventory"), position_lost, "wal_removed");
}

TEST_CASE("of several files the lowest counts, and a missing one confirms nothing") {
    const TemporaryFolder folder;
    const std::vector<std::string> files{folder.file("a"), folder.file("b")};
    write(files[0], checkpoint_at("0/5000"));
    Acknowledgement ack{files, false, postgres_check("orders")};
    CHECK(!ack.lowest());
    CHECK(ack.any_file() == files[0]);
    CHECK(ack.position() == Order{});

    ack.emitted(order_at(0x9000), 100);
    write(files[1], checkpoint_at("0/6000"));
    ack.poll_files();
    CHECK(ack.position() == order_at(0x5000));
    CHECK(!ack.complete());
    write(files[0], checkpoint_at("0/9000"));
    ack.poll_files();
    CHECK(ack.position() == order_at(0x6000));
    write(files[1], checkpoint_at("0/9000"));
    ack.poll_files();
    CHECK(ack.complete());
}

TEST_CASE("nothing is confirmed that was not put out") {
    const TemporaryFolder folder;
    write(folder.file("a"), checkpoint_at("0/5000"));
    Acknowledgement ack{{folder.file("a")}, false, postgres_check("orders")};
    CHECK(ack.position() == order_at(0x5000));
    write(folder.file("a"), checkpoint_at("0/7000")); // somebody else's doing
    ack.poll_files();
    CHECK(ack.position() == order_at(0x5000));
}

TEST_CASE("a file that is no checkpoint, or another slot's, is refused") {
    const TemporaryFolder folder;
    const auto open = [&] {
        return Acknowledgement{{folder.file("a")}, false, postgres_check("orders")};
    };
    cdc::io::write_file_atomically(folder.file("a"), "nonsense\n");
    CHECK_FAILS(open(), bad_data, "no checkpoint line");
    Checkpoint other = checkpoint_at("0/5000");
    other.slot = "other";
    write(folder.file("a"), other);
    CHECK_FAILS(open(), refused, "slot 'other'");
    other = checkpoint_at("0/5000");
    other.kind = "mysql";
    write(folder.file("a"), other);
    CHECK_FAILS(open(), refused, "'mysql'");
    other = checkpoint_at("0/5000");
    other.position = "binlog.000001:4";
    write(folder.file("a"), other);
    CHECK_FAILS(open(), bad_data, "position");
}

TEST_CASE("on-write confirms a checkpoint line when its last byte left") {
    Acknowledgement ack{{}, true, {}};
    ack.emitted(order_at(0x5000), 100);
    ack.emitted(order_at(0x6000), 200);
    ack.written(99);
    CHECK(ack.position() == Order{});
    ack.written(150);
    CHECK(ack.position() == order_at(0x5000));
    CHECK(!ack.complete());
    ack.written(200);
    CHECK(ack.position() == order_at(0x6000));
    CHECK(ack.complete());
}
