"""The pytest fixtures: each ends what it started, also when the test failed."""
import contextlib
import pathlib
import shutil
import tempfile

import process
import pytest
from aloha import Aloha
from farm import Farm
from pki import Pki


def pytest_configure(config):
    process.become_subreaper()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the supervisors' logs."""
    report = (yield).get_result()
    if report.failed:
        for instance in getattr(item, "alohas", []) + getattr(item.parent, "alohas", []):
            if instance.log.exists():
                report.sections.append((f"log of {instance.folder.name}", instance.tail(60)))


@contextlib.contextmanager
def _folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="aloha-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder():
    """A folder that every user may enter and only this one may write; gone afterwards."""
    with _folder() as path:
        yield path


@pytest.fixture(scope="module")
def module_folder():
    """The same, for all tests of a file."""
    with _folder() as path:
        yield path


@pytest.fixture
def make_farm():
    """make_farm(cas=2, hub=2): as many farms as a test wants."""
    farms = []

    def make(**options):
        farms.append(Farm(**options))
        return farms[-1]

    yield make
    for farm in farms:
        farm.stop()


@pytest.fixture
def farm(make_farm):
    return make_farm()


@contextlib.contextmanager
def _alohas(folder, node):
    node.alohas = alohas = []

    def make(config, **options):
        place = folder / f"aloha{len(alohas)}"
        place.mkdir()
        if options.get("user"):
            shutil.chown(place, options["user"])
        alohas.append(Aloha(place, config, **options))
        return alohas[-1]

    yield make
    for instance in alohas:
        instance.stop(patience=1.5)  # what is left of sessions need not drain
    process.end_orphans()


def _starter(make):
    def start(config, serves=True, **options):
        """serves: the configuration has virtual services, which are waited for."""
        instance = make(config, **options).start()
        if serves:
            instance.wait_serving()
        return instance

    return start


@pytest.fixture
def make_aloha(folder, request):
    """make_aloha(config, …): a supervisor that is not started yet; see aloha.Aloha."""
    with _alohas(folder, request.node) as make:
        yield make


@pytest.fixture
def start_aloha(make_aloha):
    """start_aloha(config, …): a supervisor that answers and serves."""
    return _starter(make_aloha)


@pytest.fixture(scope="module")
def module_farm():
    """A farm for all tests of a file."""
    farm = Farm()
    yield farm
    farm.stop()


@pytest.fixture(scope="module")
def make_module_aloha(module_folder, request):
    """make_aloha for all tests of a file."""
    with _alohas(module_folder, request.node) as make:
        yield make


@pytest.fixture(scope="module")
def start_module_aloha(make_module_aloha):
    """start_aloha for all tests of a file."""
    return _starter(make_module_aloha)


@pytest.fixture(scope="module")
def pki(module_folder):
    """A certificate authority for all tests of a file."""
    place = module_folder / "pki"
    place.mkdir()
    return Pki(place)
