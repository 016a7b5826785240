#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.hpp"
#include "common/record/record.hpp"
#include "common/result.hpp"

/// What an operation is: a spec that users and validation read, and code behind one of four small interfaces.
/// catalog.hpp lists all.
namespace slicebus::operations {

enum class OperationKind : std::uint8_t {
  reader,     ///< first operation of a job: cuts slices (in the controller) and fetches their records (in the slots)
  processor,  ///< records in, records out
  sender,     ///< a processor that also writes records out of the cluster, and passes them on
  api         ///< holds connector options for operations that name it by `_api_name`
};

/// One option. The spec drives validation, "did you mean", GET /operations and the generated docs.
struct FieldSpec {
  std::string name;
  std::string type;      ///< "string", "integer", "number", "boolean", "duration", "date", "object", "array", "any",
                         ///< "string or array of strings"
  std::string range;     ///< for people: "1..1'000'000", "ldjson"; may be empty
  std::string fallback;  ///< default as JSON text; empty: none (absent stays absent)
  std::string help;
  bool required = false;
  std::vector<std::string> one_of{};   ///< allowed texts, if it is an enumeration
  std::optional<double> min{}, max{};  ///< of a number or integer, inclusive
};

struct OperationSpec {
  std::string name;
  OperationKind kind = OperationKind::processor;
  std::string summary;
  std::vector<FieldSpec> fields;
  std::string api{};  ///< name of the api ("file_reader_api") whose fields the operation may carry itself; empty: none
};

/// Which slice runs, for senders and generators.
struct SliceContext {
  LineageId lineage;
  ExecutionId ex_id;
  SlicePosition slice;
  Fence fence;
};

// ---- readers --------------------------------------------------------------------------------------------------------

/// One step of a slicer. Any of the three parts may be empty; an empty step that is not done means "nothing now"
/// (persistent).
struct SlicerStep {
  std::vector<std::string> requests;  ///< JSON texts, each at most wire::request_bytes_max
  std::string cursor;                 ///< where to go on after these requests: opaque, durable, at most 64 KiB
  bool done = false;                  ///< nothing more will come
};

/// Cuts the input into requests, in order, from a position. Runs in the controller, in its own thread; may block.
class Slicer {
 public:
  virtual ~Slicer() = default;
  /// At most `max` requests (1..1'000). Errors end the execution `failed`, with the text as the reason.
  virtual Result<SlicerStep> next(std::size_t max) = 0;
};

/// Reads the records of one request. Runs in a slot.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  virtual Result<record::RecordBatch> fetch(const SliceContext& slice, std::string_view request) = 0;
  /// Records that the last fetch() took out as bad; 0 unless the reader has a dead letter action.
  virtual std::uint64_t rejected() const { return 0; }
};

// ---- processors and senders
// -------------------------------------------------------------------------------------------

/// What an operation gives on; `rejected` counts records that it took out as bad.
struct Processed {
  record::RecordBatch records;
  std::uint64_t rejected = 0;
};

class Processor {
 public:
  virtual ~Processor() = default;
  virtual Result<Processed> process(const SliceContext& slice, record::RecordBatch batch) = 0;
};

/// Writes out effectively once: prepare() under a temporary name that bears slice and fence, publish() or drop() after
/// the verdict. publish() and drop() may run on another thread than prepare(), in another process, and more than once.
class Sender {
 public:
  virtual ~Sender() = default;
  struct Prepared {
    record::RecordBatch records;  ///< passed on to the next operation
    std::uint64_t rejected = 0;
    bool has_output = false;  ///< something to publish (an empty slice makes no file)
  };
  /// Durable on return. Errors: exhausted (disk full, read-only file system: no failed attempt, the slice comes back
  /// later).
  virtual Result<Prepared> prepare(const SliceContext& slice, record::RecordBatch batch) = 0;
  /// Makes it visible, durably; a source that is missing means done. Errors: exhausted, unavailable: it will be
  /// repeated.
  virtual Result<void> publish(const LineageId& lineage, SlicePosition slice, Fence fence) = 0;
  /// Removes what prepare() left; missing is no error.
  virtual void drop(const LineageId& lineage, SlicePosition slice, Fence fence) = 0;
  /// Removes every temporary file of the lineage under a fence of that epoch or an earlier one. The controller calls it
  /// when the execution ends; one that froze before it may do so while a recovery prepares output under later epochs.
  virtual void sweep(const LineageId& lineage, std::uint64_t last_epoch) = 0;
};

// ---- what the catalog lists
// -------------------------------------------------------------------------------------------

/// Options after validation: defaults filled, types coerced, api options merged in.
struct SlicerSetup {
  const nlohmann::json& options;
  std::uint32_t slicer_id = 0;
  std::uint32_t slicers = 1;
  bool persistent = false;
  std::optional<std::string> cursor;  ///< where an earlier controller left off; nothing: from the start
};

/// An operation: its spec and the constructors of its kind; the others are empty.
struct Operation {
  const OperationSpec* spec = nullptr;
  /// More than the spec can say ("start must be before end"). @return problems, each with the option's name; empty:
  /// fine
  std::function<std::vector<std::pair<std::string, std::string>>(const nlohmann::json& options)> check{};
  /// Names what its slices are written to, as only one operation of a job may have it: two would overwrite each other's
  /// output. Empty: nothing that could be shared by mistake.
  std::function<std::string(const nlohmann::json& options)> output{};
  /// Fills what is drawn once and stored in the execution (a missing seed). Idempotent.
  std::function<void(nlohmann::json& options)> freeze{};
  /// How many slicers the reader can make of `slicers` wanted ones; empty: always 1.
  std::function<std::uint32_t(const nlohmann::json& options, std::uint32_t wanted)> slicer_count{};
  std::function<Result<std::unique_ptr<Slicer>>(const SlicerSetup&)> make_slicer{};
  std::function<Result<std::unique_ptr<Fetcher>>(const nlohmann::json& options)> make_fetcher{};
  std::function<Result<std::unique_ptr<Processor>>(const nlohmann::json& options)> make_processor{};
  std::function<Result<std::unique_ptr<Sender>>(const nlohmann::json& options)> make_sender{};
};

}  // namespace slicebus::operations
