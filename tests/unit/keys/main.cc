// Both libraries want to be started, as main.cc of aloha-keys does it.
#include <gtest/gtest.h>
#include <sodium/core.h>

#include "workers/keys/library.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (sodium_init() < 0) return 1;
  if (const auto ready = aloha::keys::PrepareLibrary(); !ready) {
    std::fprintf(stderr, "%s\n", ready.error().message.c_str());
    return 1;
  }
  return RUN_ALL_TESTS();
}
