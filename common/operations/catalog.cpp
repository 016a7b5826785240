#include "common/operations/catalog.hpp"

#include <array>

/// One line for each operation or api: `one(x)` stands for the function `const Operation& x()` of its file.
#define SB_OPERATIONS(one)                                                                                \
  one(data_generator) one(delay) one(drop_field) one(file_exporter) one(file_reader) one(file_reader_api) \
      one(file_sender_api) one(filter) one(noop) one(rename_field) one(set_field) one(stdout_operation)   \
          one(test_reader)

namespace slicebus::operations {

#define SB_DECLARE(name) const Operation& name();
SB_OPERATIONS(SB_DECLARE)
#undef SB_DECLARE

std::span<const Operation> catalog() {
#define SB_LIST(name) name(),
  static const std::array all = {SB_OPERATIONS(SB_LIST)};
#undef SB_LIST
  return all;
}

const Operation* find_operation(std::string_view name) {
  name = name.substr(0, name.find_first_of("@:"));
  for (const Operation& operation : catalog()) {
    if (operation.spec->name == name) {
      return &operation;
    }
  }
  return nullptr;
}

}  // namespace slicebus::operations
