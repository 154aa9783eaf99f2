"""Does the balancer refuse what is malformed or ambiguous, and pass what is not? One data file per case in
tests/corpus; corpus/compare shows what HAProxy does with the same.

Where the standard leaves a choice the file says so; the rule is that what RFC 9112 calls invalid or ambiguous is
refused, and that nothing of a refused message becomes a request to a server."""
import corpus
import pytest
from front import Front
from origin import Origin


@pytest.fixture(scope="module")
def place(module_folder, start_module_aloha):
    """(origin, port of the balancer before it)."""
    origin = Origin()
    front = Front(module_folder, start_module_aloha, [("origin", origin.address, origin.port)])
    yield origin, front.port
    front.stop()
    origin.close()


@pytest.mark.parametrize("case", corpus.cases("http_requests"), ids=str)
def test_request(place, case):
    origin, port = place
    assert corpus.verdict(case, corpus.try_request(port, origin, case)) is None


@pytest.mark.parametrize("case", corpus.cases("http_responses"), ids=str)
def test_response(place, case):
    origin, port = place
    assert corpus.verdict(case, corpus.try_response(port, origin, case)) is None


@pytest.mark.parametrize("cuts", [1, 5])
def test_requests_in_pieces(place, cuts):
    """However the network cuts the bytes, they mean the same."""
    origin, port = place
    wrong = {case.name: reason for case in corpus.cases("http_requests")
             if (reason := corpus.verdict(case, corpus.try_request(port, origin, case, cuts)))}
    assert wrong == {}


@pytest.mark.parametrize("cuts", [1, 5])
def test_responses_in_pieces(place, cuts):
    origin, port = place
    wrong = {case.name: reason for case in corpus.cases("http_responses")
             if (reason := corpus.verdict(case, corpus.try_response(port, origin, case, cuts)))}
    assert wrong == {}


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(corpus.cases("http_requests")) >= 150
    assert len(corpus.cases("http_responses")) >= 60
