#pragma once
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

/// The jobs that tests post.
namespace slicebus::support {

/// Made-up records in slices that take their time.
struct MadeUp {
  std::string name = "made-up records";
  int workers = 1;
  std::size_t slices = 1;
  std::size_t records_of_slice = 1;
  long slice_ms = 0;        ///< what the operations wait for each
  std::string output = {};  ///< directory of the files that it writes, one for each slice; empty: it writes none
};
nlohmann::json job_of(const MadeUp& made_up);

/// Each slice of it goes to error at its first attempt. Its input is written into that directory.
nlohmann::json failing_job(const std::filesystem::path& directory);

/// Two files that a job reads, of which the first can be taken away, and put back, while it is read: its slices fail
/// meanwhile, those of the second go on.
class VanishingInput {
 public:
  struct Shape {
    int lines_that_go = 1'000;
    int lines_that_stay = 0;  ///< 0: there is no second file
    int bytes_of_slice = 100;
    long slice_ms = 50;
    int workers = 2;
    int max_retries = 0;
  };
  /// In a directory of its own under that one.
  VanishingInput(const std::filesystem::path& directory, Shape shape);
  nlohmann::json job() const;
  void take_away() const;
  void put_back() const;
  const std::filesystem::path& path() const { return first_; }  ///< of the file that goes

 private:
  Shape shape_;
  std::filesystem::path folder_, first_;
};

}  // namespace slicebus::support
