#pragma once
#include <cstdio>
#include <cstdlib>

/// Catches our own mistakes, in release too. A peer, a file or a user can never trip one: what they can do wrong is a
/// Result.
#define SB_ASSERT(condition, text)                                                                        \
  do {                                                                                                    \
    if (!(condition)) {                                                                                   \
      std::fprintf(stderr, "%s:%d: assertion \"%s\" failed: %s\n", __FILE__, __LINE__, #condition, text); \
      std::abort();                                                                                       \
    }                                                                                                     \
  } while (false)
