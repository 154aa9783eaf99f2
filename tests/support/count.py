"""Adds up what the parts of tests/run found.

count.py --ctest FOLDER NAME    one line per GoogleTest test, from ctest's junit file and the programs' json files
count.py --junit FILE NAME RC   one line per test of pytest, whose exit code was RC
count.py RESULTS                lists failures and skips of every *.tsv below RESULTS; the last line has the sums

The first two write RESULTS/NAME.tsv, where RESULTS is the folder of their argument, and exit with 1 on a failure.
"""

import collections
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def one_line(text):
    """The first line that says something, short enough for a list."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return (lines[0] if lines else "")[:200].replace("\t", " ")


def write(path, rows):
    """Keeps rows of (outcome, name, reason); returns the exit code."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    sums = collections.Counter(row[0] for row in rows)
    print(f"{path.stem}: {sums['PASS']} passed, {sums['FAIL']} failed, {sums['SKIP']} skipped")
    return 1 if sums["FAIL"] else 0


def gtest_rows(path):
    """Every test of one GoogleTest program."""
    for suite in json.loads(path.read_text()).get("testsuites", []):
        for test in suite.get("testsuite", []):
            name = f"{path.stem} {suite['name']}.{test['name']}"
            if "failures" in test:
                yield "FAIL", name, one_line(test["failures"][0]["failure"])
            elif test.get("result") == "SKIPPED" or test.get("status") == "NOTRUN":
                reason = test.get("skipped", [{}])[0].get("message", "disabled")
                yield "SKIP", name, one_line(reason)
            else:
                yield "PASS", name, ""


def count_ctest(folder, name):
    rows = []
    report = folder / "ctest.xml"
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else []
    for case in cases:
        program, failed = case.get("name"), case.get("status") != "run"
        report = folder / f"{program}.json"
        try:
            tests = list(gtest_rows(report)) if report.exists() else []
        except ValueError:
            tests = []
        # A program that broke off, or that is no GoogleTest program, counts as one test itself.
        if not tests or (failed and not any(row[0] == "FAIL" for row in tests)):
            tests.append(("FAIL" if failed else "PASS", program, f"ended with: {case.get('status')}" if failed else ""))
        rows += [(outcome, f"{test} ({name})", reason) for outcome, test, reason in tests]
    if not rows:
        rows.append(("FAIL", f"unit tests ({name})", "ctest found no test"))
    return write(folder.parent / f"unit-{name}.tsv", rows)


def count_junit(report, name, code):
    rows = []
    cases = ElementTree.parse(report).getroot().iter("testcase") if report.exists() else []
    for case in cases:
        test = f"{case.get('classname', '')}.{case.get('name')} ({name})"
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            rows.append(("FAIL", test, one_line(bad.get("message") or bad.text)))
        elif skipped is not None:
            rows.append(("SKIP", test, one_line(skipped.get("message"))))
        else:
            rows.append(("PASS", test, ""))
    if code != 0 and not any(row[0] == "FAIL" for row in rows):
        why = "no test was found" if code == 5 else f"pytest ended with {code}"
        rows.append(("FAIL", f"pytest ({name})", why))
    return write(report.parent / f"{name}.tsv", rows)


def summary(folder):
    rows = [line.split("\t") for path in sorted(folder.glob("*.tsv")) for line in path.read_text().splitlines()]
    print()
    for outcome, name, reason in rows:
        if outcome != "PASS":
            print(f"{outcome} {name}: {reason}")
    sums = collections.Counter(row[0] for row in rows)
    skipped = f", {sums['SKIP']} skipped" if sums["SKIP"] else ""
    print(f"{sums['PASS']} passed, {sums['FAIL']} failed{skipped}")
    return 1 if sums["FAIL"] or not rows else 0


def main(arguments):
    if arguments[0] == "--ctest":
        return count_ctest(pathlib.Path(arguments[1]), arguments[2])
    if arguments[0] == "--junit":
        return count_junit(pathlib.Path(arguments[1]), arguments[2], int(arguments[3]))
    return summary(pathlib.Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
