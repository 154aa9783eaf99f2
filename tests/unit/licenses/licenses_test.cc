#include "supervisor/licenses/licenses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/licenses/issuer.h"
#include "tests/unit/supervisor/temporary_folder.h"

namespace aloha::supervisor {
namespace {

using admin::v1::License;
using admin::v1::SystemInfo;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kDay = 86'400;
constexpr int64_t kBefore = 1'796'083'199;  // 2026-11-30 23:59:59 UTC
constexpr int64_t kFirst = kBefore + 1;
constexpr int64_t kLast = 1'827'619'199;  // 2027-11-30 23:59:59 UTC
constexpr char kUuid[] = "DD89B2764D8BA8408CE405518880FC66";
constexpr char kEthid[] = "00155D000A48";

class LicensesTest : public testing::Test {
 protected:
  LicensesTest() { keys_.Write("acme.pem", issuer_.pem()); }

  std::string Folder() const { return state_.path() + "/licenses"; }
  Licenses Make() const { return {Folder(), keys_.path(), {kUuid, kEthid}}; }
  std::string Issue(const std::string& serial, const std::string& more = "") const {
    return issuer_.Issue(Fields(serial, more));
  }

  const Issuer issuer_{1};
  TemporaryFolder state_, keys_;
};

TEST_F(LicensesTest, WithoutOneItIsAnEvaluation) {
  Licenses licenses = Make();
  EXPECT_THAT(licenses.Load(), IsEmpty());
  EXPECT_EQ(licenses.StateAt(kFirst), SystemInfo::EVALUATION);
  EXPECT_THAT(licenses.WarningAt(kFirst).value_or(""), HasSubstr("evaluation"));
}

TEST_F(LicensesTest, WhereNobodyIssuesThemNoneIsMissed) {
  Licenses licenses(Folder(), "/nonexistent", {kUuid, kEthid});
  EXPECT_THAT(licenses.Load(), IsEmpty());
  EXPECT_EQ(licenses.StateAt(kFirst), SystemInfo::EVALUATION);
  EXPECT_FALSE(licenses.WarningAt(kFirst));
  const auto added = licenses.Add(Issue("A-1"), kFirst);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr("no key of an issuer in /nonexistent"));
}

TEST_F(LicensesTest, OneCountsFromItsFirstSecondToItsLast) {
  Licenses licenses = Make();
  licenses.Load();
  const auto added = licenses.Add(Issue("A-1", "feature: \"exchange\"\n"), kBefore);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->state(), License::NOT_YET_VALID);
  EXPECT_EQ(added->issuer(), "acme");
  EXPECT_THAT(added->features(), ElementsAre("exchange"));
  EXPECT_EQ(licenses.StateAt(kBefore), SystemInfo::NO_VALID_LICENSE);
  EXPECT_EQ(licenses.StateAt(kFirst), SystemInfo::LICENSED);
  EXPECT_FALSE(licenses.WarningAt(kFirst));
  EXPECT_EQ(licenses.StateAt(kLast), SystemInfo::LICENSED);
  EXPECT_EQ(licenses.StateAt(kLast + 1), SystemInfo::NO_VALID_LICENSE);
  EXPECT_EQ(licenses.List(kLast + 1)[0].state(), License::EXPIRED);
  EXPECT_EQ(*licenses.WarningAt(kLast + 1),
            "no licence is valid since the end of 2027-11-30; traffic goes on as before");
}

TEST_F(LicensesTest, TheEndOfTheLastOneIsToldBefore) {
  Licenses licenses = Make();
  licenses.Load();
  ASSERT_TRUE(licenses.Add(Issue("A-1"), kFirst));
  EXPECT_FALSE(licenses.WarningAt(kLast - 30 * kDay - 1));
  EXPECT_THAT(*licenses.WarningAt(kLast - 30 * kDay), HasSubstr("A-1, expires within 30 days"));
  EXPECT_THAT(*licenses.WarningAt(kLast - 7 * kDay), HasSubstr("within 7 days"));
  EXPECT_THAT(*licenses.WarningAt(kLast), HasSubstr("within 1 day, at the end of 2027-11-30"));
  // Another that lasts longer ends the matter.
  std::string longer = Fields("A-2");
  longer.replace(longer.find("2027-11-30"), 10, "2030-11-30");
  ASSERT_TRUE(licenses.Add(issuer_.Issue(longer), kFirst));
  EXPECT_FALSE(licenses.WarningAt(kLast));
  EXPECT_EQ(licenses.StateAt(kLast + 1), SystemInfo::LICENSED);
}

TEST_F(LicensesTest, TheyOutliveTheSupervisor) {
  {
    Licenses licenses = Make();
    licenses.Load();
    ASSERT_TRUE(licenses.Add(Issue("B-2"), kFirst));
    ASSERT_TRUE(licenses.Add(Issue("A-1"), kFirst));
    ASSERT_TRUE(licenses.Add(Issue("C-3"), kFirst));
    ASSERT_TRUE(licenses.Remove("C-3"));
  }
  Licenses later = Make();
  EXPECT_THAT(later.Load(), IsEmpty());
  const auto all = later.List(kFirst);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].serial(), "A-1");
  EXPECT_EQ(all[1].serial(), "B-2");
  EXPECT_EQ(state_.Read("licenses/A-1.license"), Issue("A-1"));
}

TEST_F(LicensesTest, TheSameSerialReplacesTheOther) {
  Licenses licenses = Make();
  licenses.Load();
  ASSERT_TRUE(licenses.Add(Issue("A-1"), kFirst));
  ASSERT_TRUE(licenses.Add(Issue("A-1", "feature: \"ha\"\n"), kFirst));
  ASSERT_EQ(licenses.List(kFirst).size(), 1u);
  EXPECT_THAT(licenses.List(kFirst)[0].features(), ElementsAre("ha"));
}

TEST_F(LicensesTest, WhatIsOfNoUseIsRefused) {
  Licenses licenses = Make();
  licenses.Load();
  std::string altered = Issue("A-1");
  altered.replace(altered.find("units: 2"), 8, "units: 9");
  const auto refused = [&](const std::string& file, Code code, const std::string& why) {
    const auto added = licenses.Add(file, kFirst);
    ASSERT_FALSE(added) << why;
    EXPECT_EQ(added.error().code, code);
    EXPECT_THAT(added.error().message, HasSubstr(why));
  };
  refused("", Code::kInvalidArgument, "no licence file");
  refused(altered, Code::kInvalidArgument, "altered");
  refused(Issuer(2).Issue(Fields("A-1")), Code::kInvalidArgument, "whose key is not here");
  refused(Issue("A-1", "ethid: \"001122334455\"\n"), Code::kFailedPrecondition, "another machine");
  refused(Issue("A-1", "uuid: \"00000000000000000000000000000001\"\n"), Code::kFailedPrecondition,
          "another machine");
  EXPECT_EQ(licenses.Add(Issue("A-1"), kLast + 1).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(licenses.Remove("A-1").error().code, Code::kNotFound);
  EXPECT_THAT(licenses.List(kFirst), IsEmpty());
  EXPECT_FALSE(state_.Has("licenses"));
  EXPECT_TRUE(licenses.Add(
      Issue("A-1", std::string("uuid: \"") + kUuid + "\"\nethid: \"" + kEthid + "\"\n"), kFirst));
}

TEST_F(LicensesTest, ThereIsAnEndOfThem) {
  Licenses licenses = Make();
  licenses.Load();
  for (size_t i = 0; i < Licenses::kMost; ++i) {
    ASSERT_TRUE(licenses.Add(Issue("A-" + std::to_string(i)), kFirst));
  }
  EXPECT_EQ(licenses.Add(Issue("B"), kFirst).error().code, Code::kResourceExhausted);
  EXPECT_TRUE(licenses.Add(Issue("A-0"), kFirst)) << "it replaces one";
}

TEST_F(LicensesTest, WhatCannotBeReadIsToldAndTheRestCounts) {
  {
    Licenses licenses = Make();
    licenses.Load();
    ASSERT_TRUE(licenses.Add(Issue("A-1"), kFirst));
  }
  state_.Write("licenses/torn.license", Issue("torn").substr(0, 100));
  state_.Write("licenses/other.license", Issue("A-2"));
  Licenses later = Make();
  EXPECT_THAT(later.Load(), testing::UnorderedElementsAre(HasSubstr("torn.license does not count"),
                                                          HasSubstr("not the one of its name")));
  EXPECT_EQ(later.List(kFirst).size(), 1u);
}

TEST_F(LicensesTest, WithoutItsKeyItIsShownButNotTrusted) {
  {
    Licenses licenses = Make();
    licenses.Load();
    ASSERT_TRUE(licenses.Add(Issue("A-1"), kFirst));
  }
  Licenses later(Folder(), "/nonexistent", {kUuid, kEthid});
  EXPECT_THAT(later.Load(), IsEmpty());
  ASSERT_EQ(later.List(kFirst).size(), 1u);
  EXPECT_EQ(later.List(kFirst)[0].state(), License::UNTRUSTED);
  EXPECT_EQ(later.StateAt(kFirst), SystemInfo::NO_VALID_LICENSE);
  EXPECT_TRUE(later.WarningAt(kFirst));
}

TEST_F(LicensesTest, OnAnotherMachineItDoesNotCount) {
  {
    Licenses licenses = Make();
    licenses.Load();
    ASSERT_TRUE(licenses.Add(Issue("A-1", std::string("ethid: \"") + kEthid + "\"\n"), kFirst));
  }
  Licenses elsewhere(Folder(), keys_.path(), {kUuid, "001122334455"});
  elsewhere.Load();
  EXPECT_EQ(elsewhere.List(kFirst)[0].state(), License::OTHER_MACHINE);
  EXPECT_EQ(elsewhere.StateAt(kFirst), SystemInfo::NO_VALID_LICENSE);
}

}  // namespace
}  // namespace aloha::supervisor
