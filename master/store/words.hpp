#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slicebus::store {

/// The words of a text, in order and in lower case: runs of letters, digits, '_' and characters beyond ASCII that are
/// no punctuation; an ideograph is a word of its own. Case is folded for Latin, Greek and Cyrillic letters.
/// @param wildcards  of a pattern (query::matches_wildcard): ? and * belong to words too, unless they are escaped
std::vector<std::string> words_of(std::string_view text, bool wildcards = false);

}  // namespace slicebus::store
