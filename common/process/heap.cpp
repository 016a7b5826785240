#include "common/process/heap.hpp"

#include <malloc.h>

namespace slicebus::process {

void keep_freed_memory() {
  // As far as both grow by themselves, once a block of that size was freed (mallopt(3)).
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

}  // namespace slicebus::process
