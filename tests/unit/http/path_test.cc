// Paths as routing sees them: one spelling for what IIS takes for one resource.
#include "workers/http/path.h"

#include <gtest/gtest.h>

namespace aloha::http {
namespace {

TEST(PathTest, ManySpellingsAreOnePath) {
  const struct {
    const char *target, *path;
  } kCases[] = {
      {"/", "/"},
      {"/owa", "/owa"},
      {"/OWA/", "/owa"},
      {"/owa//", "/owa"},
      {"//owa", "/owa"},
      {"/owa?path=/../ecp", "/owa"},
      {"/?", "/"},
      {"/%6f%57a", "/owa"},
      {"/./owa/.", "/owa"},
      {"/x/../owa", "/owa"},
      {"/../../owa", "/owa"},
      {"/..", "/"},
      {"/a/b/..", "/a"},
      {"/a/b/../", "/a"},
      {"/a/b/../../..", "/"},
      {"/x/%2e%2E/owa", "/owa"},
      {"/x/..%20/owa", "/owa"},
      {"/owa.", "/owa"},
      {"/owa...", "/owa"},
      {"/owa%20", "/owa"},
      {"/owa%20.%20./x", "/owa/x"},
      {"/.../owa", "/owa"},
      {"/a.b/c", "/a.b/c"},
      {"/.a", "/.a"},
      {"/a%20b", "/a b"},
      {"/%25", "/%"},
      {"/%252e%252e/owa", "/%2e%2e/owa"},
      {"/owa;a=b", "/owa;a=b"},
      {"/%3f", "/?"},
      {"/%c3%84", "/\xc3\x84"},
      {"http://host/OWA/", "/owa"},
      {"https://host", "/"},
      {"http://host?/ecp", "/"},
      {"http://host/owa?http://x/ecp", "/owa"},
      {"*", "*"},
  };
  std::string path = "what was there";
  for (const auto& one : kCases) {
    EXPECT_TRUE(NormalizePath(one.target, &path)) << one.target;
    EXPECT_EQ(path, one.path) << one.target;
  }
}

TEST(PathTest, WhatServersMightReadOtherwiseIsRefused) {
  std::string path;
  for (const char* target :
       {"/owa%2fauth", "/%2F", "/%5c", "/%5C..", "/a\\b", "/%00", "/owa%0d%0a", "/%1f", "/%7f",
        "/%", "/%4", "/%g0", "/%0g", "/a%", "/a%2", "/%u006f", "http://host/%2f"}) {
    EXPECT_FALSE(NormalizePath(target, &path)) << target;
  }
}

TEST(PathTest, WithoutAPathThereIsNothingToNormalize) {
  std::string path;
  for (const char* target : {"", "o", "owa", "host:443"}) {
    EXPECT_FALSE(NormalizePath(target, &path)) << target;
  }
}

TEST(PathTest, PrefixesFitWholeSegments) {
  EXPECT_TRUE(HasPathPrefix("/owa", "/owa"));
  EXPECT_TRUE(HasPathPrefix("/owa/auth", "/owa"));
  EXPECT_TRUE(HasPathPrefix("/owa", "/"));
  EXPECT_TRUE(HasPathPrefix("/", "/"));
  EXPECT_FALSE(HasPathPrefix("/owax", "/owa"));
  EXPECT_FALSE(HasPathPrefix("/ow", "/owa"));
  EXPECT_FALSE(HasPathPrefix("/", "/owa"));
  EXPECT_FALSE(HasPathPrefix("*", "/"));
}

}  // namespace
}  // namespace aloha::http
