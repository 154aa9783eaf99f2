"""Does the kernel's record layer understand ours, on Debian's kernel?"""
import guest
import paths

TEST = paths.BIN.parent / "tests/kernel_tls_guest_test"


def test_kernel_and_user_space_understand_each_other():
    outcome = guest.run(f"{TEST} --gtest_brief=1", files=[TEST], modules=guest.TLS_MODULES)
    assert outcome.code == 0, outcome.output
    assert "[  PASSED  ]" in outcome.output, outcome.output
