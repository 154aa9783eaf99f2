#include "workers/net/tls_context_cache.h"

#include <gtest/gtest.h>

#include <vector>

namespace aloha::net {
namespace {

void MakeReady(EVP_AEAD_CTX& context) {
  const uint8_t key[16] = {};
  EXPECT_TRUE(EVP_AEAD_CTX_init(&context, EVP_aead_aes_128_gcm(), key, sizeof key, 0, nullptr));
}

TEST(TlsContextCacheTest, TheOneUsedLongestAgoIsTakenAway) {
  TlsContextCache cache(2);
  TlsContextPair *a = nullptr, *b = nullptr, *c = nullptr;
  MakeReady(cache.Borrow(a).open);
  MakeReady(cache.Borrow(b).open);
  EXPECT_NE(EVP_AEAD_CTX_aead(&cache.Borrow(a).open), nullptr);
  EXPECT_EQ(EVP_AEAD_CTX_aead(&cache.Borrow(c).open), nullptr);
  EXPECT_EQ(b, nullptr);
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(EVP_AEAD_CTX_aead(&cache.Borrow(b).open), nullptr);
  EXPECT_EQ(a, nullptr);
  EXPECT_NE(c, nullptr);
  for (TlsContextPair** place : {&a, &b, &c}) cache.Return(*place);
  EXPECT_EQ(b, nullptr);
}

TEST(TlsContextCacheTest, WhatCameBackIsLentFirst) {
  TlsContextCache cache(3);
  TlsContextPair *a = nullptr, *b = nullptr, *c = nullptr;
  TlsContextPair* const first = &cache.Borrow(a);
  MakeReady(a->seal);
  cache.Borrow(b);
  cache.Return(a);
  EXPECT_EQ(&cache.Borrow(c), first);
  EXPECT_EQ(EVP_AEAD_CTX_aead(&c->seal), nullptr);
  EXPECT_NE(b, nullptr);
  cache.Return(b);
  cache.Return(c);
}

TEST(TlsContextCacheTest, HoldsNoMoreThanItIsToldTo) {
  TlsContextCache cache(10);
  std::vector<TlsContextPair*> places(100);
  for (TlsContextPair*& place : places) cache.Borrow(place);
  int lent = 0;
  for (TlsContextPair*& place : places) {
    lent += place != nullptr;
    cache.Return(place);
  }
  EXPECT_EQ(lent, 10);
}

}  // namespace
}  // namespace aloha::net
