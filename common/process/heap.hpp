#pragma once

namespace slicebus::process {

/// Lets this process keep what it has freed, up to 64 MiB. glibc would give back the top of its heap with each large
/// message or batch that is done with, and have its pages zeroed by the kernel for the next one: at half a million
/// slices a second a fourteenth of their cost. To be called before anything large is allocated.
void keep_freed_memory();

}  // namespace slicebus::process
