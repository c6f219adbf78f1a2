// Where the things under test are. lab_test() in defs.bzl says so in the environment; paths are absolute.

#ifndef DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_
#define DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_

#include <string>

namespace deltamirror::lab {

std::string ExtensionPath();  // deltamirror.so
// deltaflood.so; "" in a test that did not ask for it, and where the server that the environment names has none
// (DELTAMIRROR_SERVER_PLUGIN: a file, or "none").
std::string PluginPath();
std::string ClusterScript();  // tests/lab/cluster

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_
