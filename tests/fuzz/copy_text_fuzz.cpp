// A row of COPY … TO STDOUT: whatever the bytes, it is refused as bad_data, or its fields written
// by the server's rules are the same fields again.
#include "base/error.hpp"
#include "postgres/copy_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

void append_escaped(std::string& out, std::string_view text) {
    constexpr std::string_view kFrom = "\b\f\n\r\t\v\\";
    constexpr std::string_view kTo = "bfnrtv\\";
    for (const char c : text) {
        if (const auto at = kFrom.find(c); at != std::string_view::npos) {
            out += '\\';
            out += kTo[at];
        } else {
            out += c;
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cdc;
    const std::unique_ptr<char[]> row{new char[size]};
    std::copy_n(data, size, row.get());
    static postgres::pgoutput::Tuple fields;
    try {
        postgres::decode_copy_row(row.get(), size, fields);
    } catch (const base::Error& error) {
        if (error.code() != base::ExitCode::bad_data) {
            std::abort();
        }
        return 0;
    }
    std::string again;
    for (const auto& field : fields) {
        again += again.empty() && &field == fields.data() ? "" : "\t";
        if (field.kind == 'n') {
            again += "\\N";
        } else {
            append_escaped(again, field.text);
        }
    }
    again += '\n';
    static postgres::pgoutput::Tuple same;
    postgres::decode_copy_row(again.data(), again.size(), same); // what it throws ends the run
    const auto equal = [](const auto& a, const auto& b) {
        return a.kind == b.kind && a.text == b.text;
    };
    if (!std::equal(fields.begin(), fields.end(), same.begin(), same.end(), equal)) {
        std::abort();
    }
    return 0;
}
