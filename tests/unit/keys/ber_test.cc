#include "workers/keys/ber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workers/keys/derivation_budget.h"

namespace aloha::keys {
namespace {

using Bytes = std::vector<uint8_t>;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Ber, ReadsDefiniteLengths) {
  const Bytes bytes = {0x02, 0x01, 0x07, 0x04, 0x81, 0x02, 'a', 'b', 0x04, 0x00};
  BerReader reader(bytes);
  const auto number = reader.Next(BerReader::kInteger);
  ASSERT_TRUE(number);
  EXPECT_EQ(BerNumber(*number), 7U);
  EXPECT_FALSE(reader.Next(BerReader::kInteger)) << "it is an octet string";
  const auto octets = reader.Next(BerReader::kOctetString);
  ASSERT_TRUE(octets);
  EXPECT_THAT(BerOctets(*octets), ElementsAre('a', 'b'));
  EXPECT_THAT(reader.Next()->content, IsEmpty());
  EXPECT_FALSE(reader.Next());
}

TEST(Ber, ReadsIndefiniteLengths) {
  const Bytes bytes = {0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 'a',  0x04, 0x01,
                       'b',  0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x05};
  BerReader reader(bytes);
  const auto sequence = reader.Next(BerReader::kSequence);
  ASSERT_TRUE(sequence);
  const auto octets = BerReader(sequence->content).Next();
  ASSERT_TRUE(octets);
  EXPECT_THAT(BerOctets(*octets), ElementsAre('a', 'b'));
  EXPECT_TRUE(reader.Next(BerReader::kInteger)) << "what follows is found";
}

TEST(Ber, RefusesWhatIsNotWellFormed) {
  for (const Bytes& bytes :
       {Bytes{}, Bytes{0x30}, Bytes{0x30, 0x01}, Bytes{0x30, 0x81}, Bytes{0x30, 0x82, 0x01},
        Bytes{0x30, 0x85, 0, 0, 0, 0, 0}, Bytes{0x30, 0x84, 0xff, 0xff, 0xff, 0xff},
        Bytes{0x1f, 0x81, 0x01, 0x00}, Bytes{0x04, 0x80, 0x00, 0x00}, Bytes{0x30, 0x80, 0x00},
        Bytes{0x30, 0x80, 0x04, 0x05, 0x00, 0x00}})
    EXPECT_FALSE(BerReader(bytes).Next());
  // Deeper than anybody needs.
  Bytes deep;
  for (int i = 0; i < 1'000; ++i) deep.insert(deep.end(), {0x30, 0x80});
  deep.resize(deep.size() + 2'000);
  EXPECT_FALSE(BerReader(deep).Next());
}

TEST(Ber, NumbersAreNotNegativeAndHaveAnEnd) {
  const auto number = [](const Bytes& bytes) { return BerNumber({0x02, bytes}); };
  EXPECT_EQ(number({0}), 0U);
  EXPECT_EQ(number({0x00, 0xff}), 255U);
  EXPECT_EQ(number({}), std::nullopt);
  EXPECT_EQ(number({0x80}), std::nullopt);
  EXPECT_EQ(number(Bytes(9, 0x7f)), UINT64_MAX);
}

TEST(DerivationBudget, IsSpentOnce) {
  DerivationBudget budget;
  EXPECT_FALSE(budget.Spend(2'000'001));
  EXPECT_TRUE(budget.Spend(2'000'000));
  EXPECT_TRUE(budget.Spend(1'999'999));
  EXPECT_FALSE(budget.Spend(2));
  EXPECT_TRUE(budget.Spend(1));
}

TEST(DerivationBudget, RefusesWhatItDoesNotUnderstand) {
  DerivationBudget budget;
  EXPECT_FALSE(budget.SpendFor({}));
  // PBES2 without parameters, and 3DES with a negative count.
  const Bytes pbes2 = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d};
  EXPECT_FALSE(budget.SpendFor(pbes2));
  const Bytes triple_des = {0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c,
                            0x01, 0x03, 0x30, 0x05, 0x04, 0x00, 0x02, 0x01, 0x80};
  EXPECT_FALSE(budget.SpendFor(triple_des));
}

}  // namespace
}  // namespace aloha::keys
