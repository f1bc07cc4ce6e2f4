"""Memory of a worker with the provider and without it, after typical calls."""

from collections.abc import Mapping
from typing import Final

from benchmarks.accounts import TokenFactory
from benchmarks.codes.site import EVERYTHING, Site
from benchmarks.codes.targets import WORKER_OFF, WORKER_ON
from benchmarks.load import CONNECTIONS, run_load
from benchmarks.plan import WARM_UP_SECONDS, Plan, report_progress
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, Service, running_service

CODES: Final = 500
VARIANTS: Final[Mapping[str, Mapping[str, str]]] = {WORKER_OFF: LIMITS_OUT_OF_REACH, WORKER_ON: EVERYTHING}


def measure_worker_memory(site: Site, plan: Plan, series: Series) -> None:
    """Start a worker of each kind in turns, load it, and measure its resident memory."""
    report_progress("memory of a worker with and without the provider")
    for _ in range(plan.rounds):
        for name, settings in VARIANTS.items():
            with running_service(site.url, settings=settings, secret_key=site.key) as service:
                _use(site, service)
                if name == WORKER_ON:
                    _use_provider(site, service)
                series.add(name, Sample(service.whole_memory_mb()))


def _use(site: Site, service: Service) -> None:
    factory = TokenFactory(site.key)
    sessions = site.people.sessions(CONNECTIONS)
    for load in (factory.me(sessions), factory.refresh(sessions)):
        run_load(load, service, WARM_UP_SECONDS)
    site.people.rotations()


def _use_provider(site: Site, service: Service) -> None:
    server = site.server(service)
    for load in (site.visitors.authorizations(CONNECTIONS), server.exchanges(CODES), server.refreshes()):
        run_load(load, service, WARM_UP_SECONDS)
    site.open_pages(service)
