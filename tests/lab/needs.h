// Tests that need more than every server has say so, and are skipped aloud elsewhere.

#ifndef DELTAMIRROR_TESTS_LAB_NEEDS_H_
#define DELTAMIRROR_TESTS_LAB_NEEDS_H_

#include <gtest/gtest.h>

#include "tests/lab/artefacts.h"

// In a test's body or SetUp: the lab's server must be able to load deltaflood.
#define LAB_NEEDS_DELTAFLOOD() \
  if (::deltamirror::lab::PluginPath().empty()) GTEST_SKIP() << "needs deltaflood, which this server cannot load"

// The lab's server must be of this version, 15 for example, or a later one.
#define LAB_NEEDS_VERSION(cluster, version, what) \
  if ((cluster).Version() < (version)) GTEST_SKIP() << "needs PostgreSQL " #version ": " what

#endif  // DELTAMIRROR_TESTS_LAB_NEEDS_H_
