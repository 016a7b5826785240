#pragma once
#include <span>
#include <string>

#include "common/operations/operation.hpp"

namespace slicebus::operations {

/// The specs as a page of Markdown: docs/operations.md, which a test keeps equal.
std::string manual(std::span<const Operation> operations);

}  // namespace slicebus::operations
