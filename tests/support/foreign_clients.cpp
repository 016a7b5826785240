#include "tests/support/foreign_clients.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/local_cluster.hpp"

namespace slicebus::support {
namespace {

using std::filesystem::path;

std::string text_of(const path& file_path) {
  std::ifstream file(file_path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void succeed(const std::vector<std::string>& words, const path& directory) {
  const Ended ended = run(words, directory.string());
  BOOST_REQUIRE_MESSAGE(ended.code == 0,
                        words.front() << " ended with " << ended.code << " in " << directory << ": " << ended.output);
}

/// `install` fills a fresh directory, unless the one of an earlier run was made from the same lock file.
template <class Install>
path installed(const path& folder, const std::string& lock_file, Install install) {
  const path target = program("").parent_path().parent_path() / "tests" / folder.filename();
  const path made_from = target / "made-from";
  const path lock = source_tree() / folder / lock_file;
  BOOST_REQUIRE_MESSAGE(std::filesystem::exists(lock), lock << " is missing");
  if (text_of(made_from) != text_of(lock)) {
    std::filesystem::remove_all(target);
    std::filesystem::create_directories(target);
    install(target);
    std::filesystem::copy_file(lock, made_from);
  }
  return target;
}

}  // namespace

path installed_by_npm(const path& folder) {
  return installed(folder, "package-lock.json", [&](const path& target) {
    for (const char* file : {"package.json", "package-lock.json"}) {
      std::filesystem::copy_file(source_tree() / folder / file, target / file);
    }
    succeed({"npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"}, target);
  });
}

path installed_by_pip(const path& folder) {
  return installed(folder, "requirements.txt",
                   [&](const path& target) {
                     const std::string python = (target / "environment/bin/python").string();
                     succeed({"python3", "-m", "venv", "environment"}, target);
                     succeed({python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement",
                              (source_tree() / folder / "requirements.txt").string()},
                             target);
                   }) /
         "environment/bin";
}

}  // namespace slicebus::support
