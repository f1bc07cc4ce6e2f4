"""Links the packages that a wheel requires, with their dependencies, from this environment into another one."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name


def link_requirements(site: Path, added: Iterable[str]) -> None:
    """Link what these requirements need, and nothing else, into ``site``, where packages may be already."""
    present = {canonicalize_name(each.name): each for each in distributions(path=[str(site)])}
    for needed in _needed([Requirement(each) for each in added], present):
        for entry in _entries(needed):
            if not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)


def _needed(pending: list[Requirement], present: Mapping[NormalizedName, Distribution]) -> Iterator[Distribution]:
    seen = set()
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if (name, *sorted(requirement.extras)) in seen:
            continue
        seen.add((name, *sorted(requirement.extras)))
        found = present.get(name) or distribution(name)
        pending += _applying(found.requires or (), requirement.extras)
        if name not in present:
            yield found


def _applying(texts: Iterable[str], extras: set[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, texts):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def _entries(found: Distribution) -> Iterator[Path]:
    """Return the folders and modules of a package in its site; its programs are elsewhere."""
    for name in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
        yield Path(str(found.locate_file(name)))
