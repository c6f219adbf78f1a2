#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "threads/worker.h"

namespace deltamirror {
namespace {

TEST(WorkerTest, DoesOnePieceAfterTheOtherOnTheSameThread) {
  Worker worker;
  std::thread::id first;
  std::thread::id second;
  if (!worker.Start([&first] { first = std::this_thread::get_id(); })) GTEST_SKIP() << "needs a second processor";
  worker.Wait();
  ASSERT_TRUE(worker.Start([&second] { second = std::this_thread::get_id(); }));
  worker.Wait();
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(WorkerTest, WhatWasDoneIsSeen) {
  Worker worker;
  int sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    if (!worker.Start([&sum, i] { sum += i; })) GTEST_SKIP() << "needs a second processor";
    worker.Wait();
  }
  EXPECT_EQ(sum, 500500);
}

TEST(WorkerTest, WaitingForNothingReturns) {
  Worker worker;
  worker.Wait();
  worker.Start([] {});
  worker.Wait();
  worker.Wait();
}

TEST(WorkerTest, ItsEndWaitsForTheWork) {
  std::atomic<bool> go = false;
  std::atomic<bool> done = false;
  std::thread starter;
  {
    Worker worker;
    if (!worker.Start([&] {
          while (!go) std::this_thread::yield();
          done = true;
        })) {
      GTEST_SKIP() << "needs a second processor";
    }
    starter = std::thread([&go] { go = true; });
  }
  EXPECT_TRUE(done);
  starter.join();
}

}  // namespace
}  // namespace deltamirror
