"""Runs clang-tidy over sources of the project: tidy.py BUILD_FOLDER CACHE_FOLDER JOBS FOLDER...

A file is looked at again only when it, something it includes, .clang-tidy or its compile command has changed: the
key of an answer is a hash of all of these, the list of includes being the one that ninja keeps, and the same wherever
the tree stands. Only good answers are kept. Exit code 1 when a file has a finding.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys

TIDY = "clang-tidy-16"


def includes(build):
    """What each object file was made from, as ninja noted it: {object: [path, ...]}."""
    answer = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found, current = {}, None
    for line in answer.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.split(": #deps")[0], [])
    return found


class Hashes:
    """Contents of files, each read once."""

    def __init__(self, base):
        self._base = base
        self._known = {}

    def of(self, path):
        if path not in self._known:
            self._known[path] = hashlib.sha256((self._base / path).read_bytes()).digest()
        return self._known[path]


def key(command, paths, hashes, common):
    """Name of the answer about one file, or None when it is not known what the file includes."""
    if not paths:
        return None
    total = hashlib.sha256(common + command.encode())
    for path in sorted(paths):
        try:
            total.update(hashes.of(path))
        except OSError:
            return None
    return total.hexdigest()


def without_precompiled(build):
    """Writes the commands anew for clang, which cannot read what g++ precompiled, and answers their folder."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = re.sub(r" -Winvalid-pch -include \S+", "", entry["command"])
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    return entries, folder


def main(build, cache, jobs, *folders):
    build, cache, root = pathlib.Path(build), pathlib.Path(cache), pathlib.Path.cwd()
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    common = version + (root / ".clang-tidy").read_bytes()
    known, hashes = includes(build), Hashes(build)

    todo = []
    entries, commands = without_precompiled(build)
    for entry in entries:
        source = pathlib.Path(entry["file"])
        if not any(root / folder in source.parents for folder in folders):
            continue
        words = entry["command"].split()
        made = words[words.index("-o") + 1]
        name = key(entry["command"].replace(str(root), ""), known.get(made, []), hashes, common)
        if name is None or not (cache / name).exists():
            todo.append((source, name))

    def look(item):
        source, name = item
        answer = subprocess.run([TIDY, "-p", commands, "--quiet", source], capture_output=True, text=True)
        if answer.returncode == 0 and name is not None:
            (cache / name).touch()
        return source, answer

    print(f"{len(todo)} files to look at", flush=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        for source, answer in pool.map(look, todo):
            if answer.returncode != 0:
                bad += 1
                print(f"{source.relative_to(root)}\n{answer.stdout}{answer.stderr}", flush=True)
    print(f"{bad} files with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
