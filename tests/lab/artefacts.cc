#include "tests/lab/artefacts.h"

#include <cstdlib>
#include <filesystem>

namespace deltamirror::lab {
namespace {

std::string FromEnvironment(const char* name) {
  const char* path = std::getenv(name);
  return path == nullptr || *path == '\0' ? "" : std::filesystem::absolute(path).string();
}

}  // namespace

std::string ExtensionPath() {
  return FromEnvironment("DELTAMIRROR_EXTENSION");
}

std::string PluginPath() {
  std::string ours = FromEnvironment("DELTAMIRROR_PLUGIN");
  const char* const servers = std::getenv("DELTAMIRROR_SERVER_PLUGIN");
  if (ours.empty() || servers == nullptr) return ours;
  return std::string(servers) == "none" ? "" : servers;
}

std::string ClusterScript() {
  return FromEnvironment("DELTAMIRROR_CLUSTER");
}

}  // namespace deltamirror::lab
