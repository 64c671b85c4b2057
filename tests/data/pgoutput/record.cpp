// Records what a server sends, for tests: pgoutput-record URL SLOT PUBLICATION [MEMORY] >stream.bin
// A record is the message's position (int64), its length (int32), both big-endian, and its bytes.
// MEMORY: transactions that run are sent when the server's memory for them is so full.
// Stops when the stream was idle for a second.
#include "io/file_descriptor.hpp"
#include "postgres/stream.hpp"

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
    using namespace cdc;
    if (argc != 4 && argc != 5) {
        std::fputs("usage: pgoutput-record URL SLOT PUBLICATION [MEMORY]\n", stderr);
        return 2;
    }
    try {
        postgres::ReplicationStream stream{
            postgres::Connection{argv[1], postgres::Connection::Kind::replication},
            argv[2],
            argv[3],
            0,
            {false, argc == 5 ? argv[4] : ""}};
        while (io::wait_readable(stream.socket(), 1000)) {
            stream.receive();
            for (auto message = stream.next();
                 message.kind != postgres::ReplicationStream::Message::Kind::none;
                 message = stream.next()) {
                if (message.kind == postgres::ReplicationStream::Message::Kind::data) {
                    std::string header;
                    for (int shift = 56; shift >= 0; shift -= 8) {
                        header += static_cast<char>(message.lsn >> shift);
                    }
                    for (int shift = 24; shift >= 0; shift -= 8) {
                        header += static_cast<char>(message.payload.size() >> shift);
                    }
                    std::fwrite(header.data(), 1, header.size(), stdout);
                    std::fwrite(message.payload.data(), 1, message.payload.size(), stdout);
                }
            }
        }
    } catch (const base::Error& error) {
        std::fprintf(stderr, "pgoutput-record: %s\n", error.what());
        return 1;
    }
    return std::fflush(stdout) == 0 ? 0 : 1;
}
