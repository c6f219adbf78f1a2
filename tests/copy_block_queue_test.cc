#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "copy/block_queue.h"

namespace deltamirror::copy {
namespace {

TEST(BlockQueueTest, HandsBlocksOverInOrder) {
  BlockQueue queue(2);
  std::thread producer([&queue] {
    for (int i = 0; i < 1000; ++i) {
      std::string block = queue.Spare();
      EXPECT_EQ(block, "");
      block = std::to_string(i);
      EXPECT_TRUE(queue.Push(std::move(block)));
    }
    queue.Close(absl::DataLossError("torn"));
  });
  std::string block;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(queue.Pop(10000, &block), BlockQueue::kBlock);
    EXPECT_EQ(block, std::to_string(i));
    queue.Recycle(std::move(block));
  }
  EXPECT_EQ(queue.Pop(10000, &block), BlockQueue::kEnd);
  EXPECT_EQ(queue.status(), absl::DataLossError("torn"));
  producer.join();
}

TEST(BlockQueueTest, WaitsNoLongerThanAsked) {
  BlockQueue queue(1);
  std::string block;
  EXPECT_EQ(queue.Pop(1, &block), BlockQueue::kTimeout);
}

TEST(BlockQueueTest, ProducerIsFreedWhenTheConsumerGoes) {
  BlockQueue queue(1);
  EXPECT_TRUE(queue.Push("a"));
  std::thread producer([&queue] { EXPECT_FALSE(queue.Push("b")); });
  queue.Abandon();
  producer.join();
  EXPECT_FALSE(queue.Push("c"));
}

TEST(BlockQueueTest, MemoryOfALargeBlockIsNotKept) {
  BlockQueue queue(1);
  std::string large;
  large.reserve(10 << 20);
  queue.Recycle(std::move(large));
  EXPECT_LT(queue.Spare().capacity(), size_t{1} << 20);
}

}  // namespace
}  // namespace deltamirror::copy
