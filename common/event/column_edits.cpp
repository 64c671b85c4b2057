#include "event/column_edits.hpp"

#include "base/error.hpp"
#include "base/numbers.hpp"
#include "event/json_cursor.hpp"
#include "event/json_writer.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fnmatch.h>

namespace cdc::event {

using base::Error;
using base::ExitCode;
using base::fail;
using base::in_quotes;

namespace {

constexpr char kHint[] =
    R"(columns look like 'customers.email', 'public.*.email' or 'a."odd.name"')";

/// Place of the last `c` outside double quotes.
std::size_t find_last(std::string_view text, char c) {
    bool quoted = false;
    std::size_t found = std::string_view::npos;
    for (std::size_t i = 0; i < text.size(); ++i) {
        quoted ^= text[i] == '"';
        if (text[i] == c && !quoted) {
            found = i;
        }
    }
    return found;
}

/// A name in double quotes is meant literally.
std::string glob_of(std::string_view column) {
    if (column.size() < 2 || column.front() != '"' || column.back() != '"') {
        return std::string{column};
    }
    std::string glob;
    for (std::size_t i = 1; i + 1 < column.size(); ++i) {
        i += column[i] == '"' ? 1 : 0; // doubled
        if (std::strchr("*?[\\", column[i]) != nullptr) {
            glob += '\\';
        }
        glob += column[i];
    }
    return glob;
}

} // namespace

ColumnEdits::ColumnEdits(const std::vector<std::string>& leave_out,
                         const std::vector<std::string>& masks, std::string key)
    : m_key{std::move(key)} {
    for (const std::string& column : leave_out) {
        add(column, {Kind::leave_out, ""});
    }
    constexpr std::string_view kFixed = "fixed:";
    for (const std::string& mask : masks) {
        // The text may hold anything, the column only what its quotes protect.
        const std::size_t equals =
            mask.find(mask.find("=fixed:") != std::string::npos ? "=fixed:" : "=");
        const std::string_view how = equals == std::string::npos
                                         ? std::string_view{}
                                         : std::string_view{mask}.substr(equals + 1);
        const std::string_view column = std::string_view{mask}.substr(0, equals);
        if (how == "hash") {
            add(column, {Kind::hash, ""});
        } else if (how.substr(0, kFixed.size()) == kFixed) {
            add(column, {Kind::fixed, std::string{how.substr(kFixed.size())}});
        } else {
            throw Error{ExitCode::usage, fmt::format("--mask {} says not how", in_quotes(mask)),
                        "--mask 'customers.email=hash' or --mask 'customers.email=fixed:hidden'"};
        }
    }
}

ColumnEdits::ColumnEdits(const ColumnEditOptions& options)
    : ColumnEdits{options.leave_out, options.masks, read_mask_key(options.mask_key)} {
    if (options.encrypted.empty() != options.encrypt_key.empty()) {
        throw Error{ExitCode::usage, "--encrypt and --encrypt-key go together"};
    }
    if (options.encrypted.empty()) {
        return;
    }
    for (const std::string& given : options.encrypted) {
        const std::size_t equals = find_last(given, '=');
        const std::string_view column = std::string_view{given}.substr(0, equals);
        const std::string_view how = equals == std::string::npos
                                         ? std::string_view{"siv"}
                                         : std::string_view{given}.substr(equals + 1);
        if (how != "siv" && how != "gcm") {
            throw Error{ExitCode::usage, fmt::format("--encrypt {} says not how", in_quotes(given)),
                        "--encrypt 'customers.email=siv', which is the default, or "
                        "--encrypt 'customers.email=gcm'"};
        }
        add(column, {how == "gcm" ? Kind::encrypt_random : Kind::encrypt, ""});
    }
    m_cipher = read_column_cipher("--encrypt-key", options.encrypt_key);
}

void ColumnEdits::add(std::string_view column, Edit edit) {
    const std::size_t dot = find_last(column, '.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == column.size()) {
        throw Error{ExitCode::usage,
                    fmt::format("column {} is not TABLE.COLUMN", in_quotes(column)), kHint};
    }
    m_rules.push_back({parse_table_patterns(std::string{column.substr(0, dot)}),
                       glob_of(column.substr(dot + 1)), std::string{column}, std::move(edit)});
}

ColumnEdits::Edit ColumnEdits::of(std::string_view schema, std::string_view table,
                                  std::string_view column) const {
    const std::string name{column};
    for (const Rule& rule : m_rules) {
        if (::fnmatch(rule.column.c_str(), name.c_str(), 0) == 0 &&
            std::any_of(rule.tables.begin(), rule.tables.end(),
                        [&](const auto& pattern) { return pattern.matches(schema, table); })) {
            return rule.edit;
        }
    }
    return {};
}

void ColumnEdits::check(PatternCheck& check) const {
    for (const Rule& rule : m_rules) {
        const Kind kind = rule.edit.kind;
        check.column(kind == Kind::leave_out                                 ? "--leave-out"
                     : kind == Kind::encrypt || kind == Kind::encrypt_random ? "--encrypt"
                                                                             : "--mask",
                     rule.text, rule.tables, rule.column);
    }
}

void ColumnEdits::append_hash(std::string& out, std::string_view text) const {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const bool done =
        m_key.empty()
            ? EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1
            : HMAC(EVP_sha256(), m_key.data(), static_cast<int>(m_key.size()), bytes, text.size(),
                   digest, &size) != nullptr;
    if (!done) {
        fail(ExitCode::failed, "cannot compute SHA-256");
    }
    for (unsigned int i = 0; i < size; ++i) {
        base::append_hex(out, digest[i], 2);
    }
}

void ColumnEdits::append_label(std::string& out, std::string_view label) const {
    append_computed(out, label, {m_cipher ? Kind::encrypt : Kind::hash, ""});
}

void ColumnEdits::append_computed(std::string& out, std::string_view text, const Edit& edit) const {
    if (edit.kind == Kind::encrypt || edit.kind == Kind::encrypt_random) {
        m_cipher->append_encrypted(out, text,
                                   edit.kind == Kind::encrypt ? ColumnCipher::Form::siv
                                                              : ColumnCipher::Form::gcm);
    } else {
        append_hash(out, text);
    }
}

void ColumnEdits::edit_value(std::string& out, std::size_t start, const Edit& edit) const {
    if (edit.kind == Kind::fixed) {
        out.resize(start);
        append_json_string(out, edit.text);
    } else if (edit.is_computed()) {
        const std::string value = out.substr(start);
        std::string text;
        const bool is_string = value.starts_with('"');
        if (!is_string || !append_json_unescaped(text, JsonCursor{value}.string())) {
            text = value;
        }
        out.resize(start);
        out += '"';
        append_computed(out, text, edit);
        out += '"';
    }
}

base::Error random_key(std::string_view column, const std::string& table) {
    return {ExitCode::usage,
            fmt::format("--encrypt …=gcm: column {} of table '{}' belongs to its key, and would be "
                        "another value in each line",
                        in_quotes(column), table),
            "--encrypt COLUMN=siv encrypts equal values to equal ones, and keeps keys apart."};
}

base::Error random_row(std::string_view column, const std::string& table) {
    return {ExitCode::usage,
            fmt::format("--encrypt …=gcm: table '{}' has no key, and rows with another value of "
                        "column {} in each line would not be found again",
                        table, in_quotes(column)),
            "--encrypt COLUMN=siv encrypts equal values to equal ones; or give the table a primary "
            "key."};
}

void mask_column(Column& column) {
    column.type = "text";
    column.precision.reset();
    column.scale.reset();
    column.labels.clear();
    column.element.clear();
    column.default_json.clear();
}

std::string read_mask_key(const std::string& file) {
    if (file.empty()) {
        return {};
    }
    std::ifstream in{file, std::ios::binary};
    std::string key{std::istreambuf_iterator<char>{in}, {}};
    if (!key.empty() && key.back() == '\n') {
        key.pop_back();
    }
    if (!in || key.empty()) {
        fail(ExitCode::usage, "--mask-key {}: cannot be read, or is empty", in_quotes(file));
    }
    return key;
}

} // namespace cdc::event
