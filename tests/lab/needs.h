// Tests that need more than every server has say so, and are skipped aloud elsewhere.

#ifndef DELTAMIRROR_TESTS_LAB_NEEDS_H_
#define DELTAMIRROR_TESTS_LAB_NEEDS_H_

#include <gtest/gtest.h>

#include "tests/lab/artefacts.h"

// In a test's body or SetUp: the lab's server must be able to load deltaflood.
#define LAB_NEEDS_DELTAFLOOD() \
  if (::deltamirror::lab::PluginPath().empty()) GTEST_SKIP() << "needs deltaflood, which this server cannot load"

#endif  // DELTAMIRROR_TESTS_LAB_NEEDS_H_
