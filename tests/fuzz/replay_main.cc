// Gives each file of the folders that are named to a fuzz target, once: so the corpora are checked where there is no
// fuzzer, by the ordinary tests. The last line says how many files there were.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream stream(entry.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
      std::printf("%s, %zu bytes\n", entry.path().c_str(), content.size());
      std::fflush(stdout);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(content.data()), content.size());
      ++files;
    }
  }
  std::printf("%d inputs\n", files);
  // A corpus that is not there checks nothing.
  return files > 0 ? 0 : 1;
}
