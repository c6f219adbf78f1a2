// Where the things under test are. lab_test() in defs.bzl says so in the environment; paths are absolute.

#ifndef DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_
#define DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_

#include <string>

namespace deltamirror::lab {

std::string ExtensionPath();  // deltamirror.so
std::string PluginPath();     // deltaflood.so; "" in a test that did not ask for it
std::string ClusterScript();  // tests/lab/cluster

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_ARTEFACTS_H_
