#include "tests/support/own_file_system.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>

#include "common/descriptor.hpp"

namespace slicebus::support {
namespace {

/// Without root's rights a user namespace lends them.
std::string namespaces() { return ::geteuid() == 0 ? "-m" : "-rm"; }

}  // namespace

OwnFileSystem::OwnFileSystem(std::filesystem::path at, std::uint64_t bytes) : at_(std::move(at)), bytes_(bytes) {
  std::filesystem::create_directories(at_);
  const Ended mounted = run({"unshare", namespaces(), "sh", "-c", mount_command()});
  BOOST_REQUIRE_MESSAGE(mounted.code == 0, "this machine allows no mount of its own to this user: "
                                               << mounted.output
                                               << "; run the tests as root, or allow user namespaces "
                                                  "(sysctl kernel.unprivileged_userns_clone=1)");
}

std::string OwnFileSystem::mount_command() const {
  return "mount -t tmpfs -o size=" + std::to_string(bytes_) + " tmpfs " + at_.string();
}

std::vector<std::string> OwnFileSystem::words() const {
  return {"unshare", namespaces(), "sh", "-c", mount_command() + " && exec \"$@\"", "sh"};
}

std::filesystem::path OwnFileSystem::inside(const LocalCluster& cluster) const {
  return "/proc/" + std::to_string(cluster.pid()) + "/root" + at_.string();
}

void OwnFileSystem::fill(const LocalCluster& cluster) const {
  const Descriptor file(::open(filler(cluster).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  BOOST_REQUIRE(file.is_open());
  static const std::array<char, 4'096> page{};
  while (::write(file.get(), page.data(), page.size()) > 0) {
  }
  BOOST_REQUIRE(errno == ENOSPC);
}

void OwnFileSystem::make_room(const LocalCluster& cluster) const { std::filesystem::remove(filler(cluster)); }

bool OwnFileSystem::remount(const LocalCluster& cluster, const std::string& option) const {
  std::vector<std::string> words{"nsenter", "--target", std::to_string(cluster.pid()), "--mount"};
  if (::geteuid() != 0) {
    words.insert(words.end(), {"--user", "--preserve-credentials"});
  }
  words.insert(words.end(), {"mount", "-o", "remount," + option, at_.string()});
  return run(words).code == 0;
}

}  // namespace slicebus::support
