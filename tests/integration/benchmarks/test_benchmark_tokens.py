"""The peers on the page of tokens."""

from benchmarks.samples import Sample, Series
from benchmarks.tokens.measurement import page_of
from benchmarks.tokens.targets import DOORWARD, GLEWLWYD, HYDRA, KEYCLOAK


def test_a_peer_that_was_not_measured_is_listed_with_the_reason() -> None:
    series = Series()
    for name, value in ((DOORWARD, 800.0), (GLEWLWYD, 200.0)):
        series.add(name, Sample(value))
    page = page_of(series, {KEYCLOAK: "mvn is not here"})
    assert "| client_credentials by glewlwyd, one process each | 4.00 | at least 3 | reached |" in page
    assert "Not measured: Keycloak (mvn is not here)." in page
    assert f"Not measured: {HYDRA.removeprefix('tokens: ')} (not asked for)." in page
    assert "Not measured: glewlwyd" not in page
