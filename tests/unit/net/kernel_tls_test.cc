// What holds on every kernel; tests/guest has the rest.
#include "workers/net/kernel_tls.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/net/tls_records_support.h"
#include "workers/runtime/unique_fd.h"

namespace aloha::net {
namespace {

TEST(KernelTlsTest, AProbeSaysWhatIsMissing) {
  const Result<> probed = ProbeKernelTls();
  if (!probed) {
    EXPECT_EQ(probed.error().message.find("setsockopt "), 0u) << probed.error().message;
  }
}

TEST(KernelTlsTest, WhatTheKernelDoesNotTakeGoesOn) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  for (const TlsKind& kind : AllTlsKinds()) {
    TlsRecordsPair pair(kind);
    EXPECT_EQ(OpenBytes(*pair.server, SealText(*pair.client, "before")).text, "before");
    EXPECT_FALSE(pair.client->OffloadSend(write_end.get()));
    EXPECT_FALSE(pair.server->OffloadReceive(read_end.get()));
    EXPECT_FALSE(pair.client->kernel_sends());
    EXPECT_FALSE(pair.server->kernel_receives());
    EXPECT_EQ(OpenBytes(*pair.server, SealText(*pair.client, "after")).text, "after");
  }
}

}  // namespace
}  // namespace aloha::net
