#include <array>
#include <cstdio>

#include "http_server_fixture.hpp"

using namespace slicebus::http;

namespace {

/// Runs the real curl and returns what it printed, with its exit code in a last line.
std::string curl(const std::string& arguments) {
  const std::string command = "curl -sS --max-time 30 " + arguments + " 2>&1; echo \"exit=$?\"";
  std::string printed;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::array<char, 4'096> bytes{};
  for (std::size_t count = 0; (count = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;) {
    printed.append(bytes.data(), count);
  }
  ::pclose(pipe);
  return printed;
}

/// A file of `size` bytes for curl to send, gone with the object.
struct Upload {
  explicit Upload(std::size_t size) { std::ofstream(path) << std::string(size, 'j'); }
  ~Upload() { std::filesystem::remove(path); }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;
  const std::string path =
      (std::filesystem::temp_directory_path() / ("slicebus-http-test-" + std::to_string(::getpid()))).string();
};

std::string url(const ServerFixture& server, const std::string& target) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + target + " ";
}

}  // namespace

BOOST_AUTO_TEST_CASE(curl_posts_files_of_any_size_without_waiting) {
  ServerFixture server;
  for (const std::size_t size : {10U, 1'000'000U, 1'100'000U, 12'000'000U}) {
    const Upload upload(size);
    for (const std::string how :
         {"-d@", "--data-binary @", "-H 'Transfer-Encoding: chunked' -d@", "-H 'Expect: 100-continue' -d@"}) {
      BOOST_TEST_CONTEXT(how << size) {
        const auto begin = Steady::now();
        const std::string printed =
            curl(how + upload.path + " -o /dev/null -w '%{http_code} %{size_download} ' " + url(server, "/jobs"));
        BOOST_TEST(printed == "200 " + std::to_string(size + 11) + " exit=0\n");
        // curl gives up waiting for "100 Continue" after a second.
        BOOST_TEST((Steady::now() - begin < (size < 2'000'000 ? 900ms : 5'000ms)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(curl_reads_the_answer_to_a_body_that_is_too_large) {
  ServerFixture server;
  const Upload upload(60'000'000);
  for (const std::string how : {"-d@", "-H 'Expect:' -d@", "-H 'Transfer-Encoding: chunked' -H 'Expect:' -d@", "-T "}) {
    BOOST_TEST_CONTEXT(how) {
      const std::string printed = curl(how + upload.path + " -w '%{http_code} ' " + url(server, "/jobs"));
      BOOST_TEST(printed.find("\"error\": 413") != std::string::npos, printed);
      BOOST_TEST(printed.ends_with("413 exit=0\n"), printed);
    }
  }
}

BOOST_AUTO_TEST_CASE(curl_asks_in_all_its_ways) {
  ServerFixture server;
  BOOST_TEST(curl(url(server, "/a?b=%20c")) == "GET /a?b=%20c\nexit=0\n");
  BOOST_TEST(curl("-I " + url(server, "/a")).find("Content-Length: 8\r\n") != std::string::npos);
  BOOST_TEST(curl("-0 " + url(server, "/a")) == "GET /a\nexit=0\n");
  BOOST_TEST(curl("-X DELETE " + url(server, "/a")) == "DELETE /a\nexit=0\n");
  BOOST_TEST(curl(url(server, "/a") + url(server, "/b") + url(server, "/later/100")) == "GET /a\nGET /b\nlateexit=0\n");
  BOOST_TEST(curl("-H 'Content-Encoding: gzip' -d x " + url(server, "/a")).find("\"error\": 415") != std::string::npos);
  BOOST_TEST(curl("--compressed " + url(server, "/a")) == "GET /a\nexit=0\n");
  BOOST_TEST(curl("--http2 " + url(server, "/a")) == "GET /a\nexit=0\n");
}
