#include "tests/lab/temp_dir.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace deltamirror::lab {

TempDir::TempDir(const std::string& parent) : path_(parent + "/deltamirror.XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) {
    std::perror(("could not make a folder under " + parent).c_str());
    std::abort();
  }
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string MemoryFolder() {
  constexpr uintmax_t kRoom = uintmax_t{4} << 30;
  std::error_code none;
  const std::filesystem::space_info space = std::filesystem::space("/dev/shm", none);
  return !none && space.available >= kRoom ? "/dev/shm" : "/tmp";
}

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(content).str();
}

}  // namespace deltamirror::lab
