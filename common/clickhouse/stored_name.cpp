#include "clickhouse/stored_name.hpp"

#include "base/numbers.hpp"
#include "base/xxh64.hpp"

#include <algorithm>
#include <array>

namespace cdc::clickhouse {

namespace {

constexpr std::string_view kPrefix = "_cdc_";
constexpr std::string_view kStateName = "_cdc_state";

// In any case. What stands alone, as in a sorting key, and is read as something else; behind a
// table's name, as in views, every word is read as a column.
constexpr std::array<std::string_view, 10> kWords = {"true",     "false", "null", "nan",  "inf",
                                                     "infinity", "not",   "top",  "cube", "rollup"};

/// Escaped as in file names, with what ClickHouse puts around the name of a table of a database
/// whose name is of usual length: 255 is the most.
constexpr std::size_t kMostOfName = 150;
constexpr std::size_t kHash = 17; ///< "_" and 16 digits

bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_engine_word(std::string_view name) {
    return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
        return std::equal(word.begin(), word.end(), name.begin(), name.end(), [](char a, char b) {
            return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
        });
    });
}

template<typename Predicate>
std::string percent_encoded(std::string_view text, Predicate encoded) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (encoded(text[i], i)) {
            constexpr std::string_view kDigits = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(text[i]);
            out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        } else {
            out += text[i];
        }
    }
    return out;
}

int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool coded = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
                           digit(text[i + 2]) >= 0;
        out += coded ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
        i += coded ? 2 : 0;
    }
    return out;
}

std::size_t size_in_file_names(std::string_view name) {
    std::size_t size = 0;
    for (const char c : name) {
        size += is_word_byte(c) ? 1 : 3;
    }
    return size;
}

/// Whether `name` may be one that a Target of this layout has beside its view's.
bool is_reserved(std::string_view name, const Layout& layout) {
    if (name == kStateName) {
        return true;
    }
    const Layout usual;
    if (!layout.raw.empty() || layout.view != usual.view || layout.pending != usual.pending) {
        return false; // the user's templates: what clashes is refused
    }
    const std::string_view raw = layout.history() ? "_history" : "_raw";
    std::string behind{raw};
    if (layout.clustered()) {
        behind += "_local";
    } else if (!layout.history()) {
        behind += "_rebuild";
    }
    const auto ends_with = [&](std::string_view end) {
        return name.size() > end.size() && name.substr(name.size() - end.size()) == end;
    };
    constexpr std::string_view kRemake = "_remake_";
    constexpr std::size_t kOrder = 32;
    return ends_with(raw) || ends_with(behind) || ends_with("_pending") ||
           (name.size() > kRemake.size() + kOrder &&
            name.substr(name.size() - kRemake.size() - kOrder, kRemake.size()) == kRemake);
}

} // namespace

std::string stored_column(std::string_view name, const Layout& layout) {
    if (!layout.is_own(name) && !is_engine_word(name) && name.find('.') == std::string_view::npos &&
        name.substr(0, 1) != "_") {
        return std::string{name};
    }
    return std::string{kPrefix} +
           percent_encoded(name, [](char c, std::size_t) { return c == '.' || c == '%'; });
}

std::string source_column(std::string_view stored, const Layout& layout) {
    if (stored.substr(0, kPrefix.size()) == kPrefix && !layout.is_own(stored)) {
        std::string name = percent_decoded(stored.substr(kPrefix.size()));
        if (stored_column(name, layout) == stored) {
            return name;
        }
    }
    return std::string{stored};
}

bool same_column(std::string_view one, std::string_view other, const Layout& layout) {
    return layout.is_own(one) || layout.is_own(other)
               ? one == other
               : source_column(one, layout) == source_column(other, layout);
}

std::string stored_part(std::string_view name) {
    return percent_encoded(name, [](char c, std::size_t i) {
        return std::string_view{"*?{}/%"}.find(c) != std::string_view::npos ||
               static_cast<unsigned char>(c) < ' ' || c == '\x7f' || (c == '.' && i == 0);
    });
}

std::string stored_table(std::string_view name, const Layout& layout) {
    std::string_view stem = name;
    while (!is_reserved(stem, layout) && !stem.empty() && stem.back() == '_') {
        stem.remove_suffix(1);
    }
    std::string out{name};
    if (is_reserved(stem, layout)) {
        out += '_';
    }
    if (size_in_file_names(out) > kMostOfName) {
        std::size_t size = 0;
        std::size_t keep = 0;
        while (keep < out.size() &&
               (size += is_word_byte(out[keep]) ? 1 : 3) <= kMostOfName - kHash) {
            ++keep;
        }
        while (keep > 0 && (static_cast<unsigned char>(out[keep]) & 0xc0) == 0x80) {
            --keep; // between characters
        }
        const std::uint64_t hash = base::xxh64(out);
        out.resize(keep);
        out += '_';
        base::append_hex(out, hash, 16);
    }
    return out;
}

} // namespace cdc::clickhouse
