#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "common/descriptor.hpp"
#include "common/ids.hpp"
#include "common/result.hpp"

/// Files that appear whole: written under a name that begins with a dot and bears slice and fence, then renamed.
/// design.md §4, §6.
namespace slicebus::operations::file {

/// "<lineage>.<slicer>-<order, 10 digits><extension>": sorted, files are in slice order.
std::string output_name(const LineageId& lineage, SlicePosition slice, std::string_view extension);
/// ".<output name>.<epoch>-<number>"
std::string temporary_name(const LineageId& lineage, SlicePosition slice, Fence fence, std::string_view extension);

/// Writes pieces to a new file (an older one of that name is replaced); makes the directory when it is absent. Unless
/// finish() was reached the file is removed again.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::string& directory, const std::string& name);
  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();
  Result<void> write(std::string_view bytes);
  /// Durable on return.
  Result<void> finish();

 private:
  OutputFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Descriptor file_;
  std::string path_;
};

/// Renames, durably. A source that is missing means that it was done before.
Result<void> publish_file(const std::string& directory, const std::string& temporary, const std::string& final_name);
/// Removes; missing is fine.
void drop_file(const std::string& directory, const std::string& temporary);
/// Removes the temporary files of the lineage in the directory whose fence is of `last_epoch` or earlier.
void sweep_files(const std::string& directory, const LineageId& lineage, std::uint64_t last_epoch);

/// What is wrong with a directory that is to be written (it may be absent, if it can be made). For submission.
Result<void> check_output(const std::string& directory);

}  // namespace slicebus::operations::file
