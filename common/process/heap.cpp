#include "common/process/heap.hpp"

#include <malloc.h>

namespace slicebus::process {

void keep_freed_memory() {
  // mallopt(3): either turns off that both grow by themselves, up to 32 and 64 MiB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
}

}  // namespace slicebus::process
