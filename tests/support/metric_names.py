"""Which metrics there are: the reference in the guide, compared with files that name them and with what is exported.

metric_names.py FILE...   exit code 1 when a file names a metric that is not in the reference, or is broken JSON
"""

import json
import pathlib
import re
import sys

REFERENCE = pathlib.Path(__file__).resolve().parents[2] / "deploy/guide/metrics.md"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)


def documented():
    """{name of a sample: names of its labels}."""
    samples = {}
    for name, kind, told in ROW.findall(REFERENCE.read_text()):
        labels = set(re.sub(r"\([^)]*\)", "", told).replace(",", " ").split())
        if kind != "histogram":
            samples[name] = labels
            continue
        samples[name + "_bucket"] = labels
        samples[name + "_sum"] = samples[name + "_count"] = labels - {"le"}
    return samples


def assert_documented(answer):
    """Every sample of an answer to /metrics is in the reference, with those labels."""
    samples = documented()
    for line in answer.splitlines():
        if line.startswith("#"):
            continue
        name, labels = re.match(r"(\w+)(.*)", line).groups()
        assert name in samples, f"{name} is not in {REFERENCE.name}"
        assert set(re.findall(r'[{,](\w+)="', labels)) == samples[name], line


def main():
    known = documented()
    wrong = []
    for path in map(pathlib.Path, sys.argv[1:]):
        text = path.read_text()
        if path.suffix == ".json":
            json.loads(text)
        named = set(re.findall(r"\baloha_\w+", text))
        wrong += [f"{path}: {name} does not exist" for name in sorted(named - set(known))]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
