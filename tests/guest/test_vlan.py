"""Does aloha-system put the machine's addresses on a VLAN, on Debian's kernel?"""
import shutil

import guest
import paths

TEST = paths.BIN.parent / "tests/system_test"
TEST_NAME = "ManagedNetworkTest.PutsAddressesOnAVlan"


def test_the_managed_network_is_on_a_vlan():
    # The guest's own shell would take its own ip.
    files = [TEST, (shutil.which("ip"), "/usr/bin/ip"), (shutil.which("dash"), "/bin/sh")]
    outcome = guest.run(f"export PATH=/usr/bin:/bin ALOHA_HAS_VLAN=1; {TEST} --gtest_brief=1 --gtest_filter={TEST_NAME}",
                        files, modules=("8021q", "veth"))
    assert outcome.code == 0, outcome.output
    assert "1 test from 1 test suite ran" in outcome.output, outcome.output
