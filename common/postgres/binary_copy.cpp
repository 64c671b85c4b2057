#include "postgres/binary_copy.hpp"

#include "io/stop_signal.hpp"

#include <libpq-fe.h>

#include <cstring>

namespace cdc::postgres {

using base::ExitCode;
using base::fail;

namespace {

constexpr std::string_view kSignature{"PGCOPY\n\377\r\n\0", 11};
constexpr int kWaitMs = 200;

[[noreturn]] void broken() {
    fail(ExitCode::failed, "the server sent a broken row of binary COPY");
}

template<typename T>
T take_big_endian(std::string_view& rest) {
    if (rest.size() < sizeof(T)) {
        broken();
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = value << 8 | static_cast<unsigned char>(rest[i]);
    }
    rest.remove_prefix(sizeof(T));
    return static_cast<T>(value);
}

} // namespace

BinaryCopy::BinaryCopy(Connection& connection, const std::string& query)
    : m_connection{&connection} {
    PGconn* raw = connection.raw();
    if (PQsendQuery(raw, ("COPY (" + query + ") TO STDOUT (FORMAT binary)").c_str()) == 0) {
        throw connection.error("cannot send a query");
    }
    const Result result{PQgetResult(raw)};
    if (PQresultStatus(result.raw()) != PGRES_COPY_OUT) {
        const ServerError error = connection.error("cannot read the source", result.raw());
        while (PGresult* more = PQgetResult(raw)) {
            PQclear(more);
        }
        throw error;
    }
}

BinaryCopy::~BinaryCopy() {
    PQfreemem(m_buffer);
    if (!m_open) {
        return;
    }
    PGconn* raw = m_connection->raw();
    if (PGcancel* cancel = PQgetCancel(raw)) {
        char words[256];
        PQcancel(cancel, words, sizeof(words));
        PQfreeCancel(cancel);
    }
    char* buffer = nullptr;
    while (PQgetCopyData(raw, &buffer, 0) > 0) {
        PQfreemem(buffer);
    }
    while (PGresult* result = PQgetResult(raw)) {
        PQclear(result);
    }
}

void BinaryCopy::finish() {
    m_open = false;
    const Result result{PQgetResult(m_connection->raw())};
    const bool good = PQresultStatus(result.raw()) == PGRES_COMMAND_OK;
    const ServerError error = m_connection->error("cannot read the source", result.raw());
    while (PGresult* more = PQgetResult(m_connection->raw())) {
        PQclear(more);
    }
    if (!good) {
        throw error;
    }
}

void BinaryCopy::take_header() {
    if (m_rest.substr(0, kSignature.size()) != kSignature) {
        broken();
    }
    m_rest.remove_prefix(kSignature.size());
    take_big_endian<std::int32_t>(m_rest); // flags
    const auto extension = take_big_endian<std::uint32_t>(m_rest);
    if (extension > m_rest.size()) {
        broken();
    }
    m_rest.remove_prefix(extension);
    m_header = false;
}

bool BinaryCopy::next(std::vector<BinaryField>& row) {
    PGconn* raw = m_connection->raw();
    while (m_rest.empty()) {
        PQfreemem(m_buffer);
        m_buffer = nullptr;
        int got = 0;
        while ((got = PQgetCopyData(raw, &m_buffer, 1)) == 0) {
            if (io::stop_signal::requested()) {
                throw io::Stopped{"the source sent rows"};
            }
            m_pause.wait_readable(PQsocket(raw), kWaitMs);
            if (PQconsumeInput(raw) == 0) {
                m_open = false;
                throw m_connection->error("lost the connection");
            }
        }
        if (got < 0) {
            finish();
            return false;
        }
        m_rest = {m_buffer, static_cast<std::size_t>(got)};
        if (m_header) {
            take_header();
        }
    }
    const auto count = take_big_endian<std::int16_t>(m_rest);
    if (count < 0) {
        m_rest = {};
        return next(row); // the trailer; what follows is the end
    }
    row.resize(static_cast<std::size_t>(count));
    for (BinaryField& field : row) {
        const auto size = take_big_endian<std::int32_t>(m_rest);
        if (size < 0) {
            field = {};
            continue;
        }
        if (static_cast<std::size_t>(size) > m_rest.size()) {
            broken();
        }
        field = {m_rest.data(), static_cast<std::size_t>(size)};
        m_rest.remove_prefix(field.size);
    }
    return true;
}

} // namespace cdc::postgres
