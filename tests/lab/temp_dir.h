// A folder of a test's own.

#ifndef DELTAMIRROR_TESTS_LAB_TEMP_DIR_H_
#define DELTAMIRROR_TESTS_LAB_TEMP_DIR_H_

#include <string>

namespace deltamirror::lab {

// Made under /tmp, or where it says, where a path is short enough for a unix socket and where a server that runs as
// another user can reach it; removed with all that is in it by the destructor. Aborts if it cannot be made.
class TempDir {
 public:
  explicit TempDir(const std::string& parent = "/tmp");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // path()/name
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A folder in memory if there is one with room for servers, else /tmp.
std::string MemoryFolder();

void WriteFile(const std::string& path, const std::string& content);

// The whole file; "" if it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_TEMP_DIR_H_
