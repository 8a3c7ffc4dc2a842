"""The figures of a row over its seeds: their mean, their spread, and what a difference can tell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from citygan.paper.records import read_record
from citygan.paper.systems import ROWS

# What one seed moves validation SSIM by, seen on rows of 10 epochs: without a second seed to measure it,
# a smaller difference means nothing
ONE_SEED_TELLS = 0.02
Records = dict[str, dict[int, dict]]  # row -> seed -> record, of the runs that are trained


@dataclass(frozen=True)
class Figure:
    """One score of a row, by seed."""

    values: dict[int, float]

    @property
    def mean(self) -> float:
        return mean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """The standard deviation over the seeds (of a sample, n - 1); None for one seed."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + ("" if self.deviation is None else f" ± {self.deviation:.3f}")


@dataclass(frozen=True)
class Difference:
    """How one row stands to another over the seeds that both have."""

    mean: float
    deviation: float | None  # the larger of the two rows'; None where a row has one seed

    @property
    def is_told(self) -> bool:
        """Whether it is more than the seeds' own spread."""
        return abs(self.mean) > (ONE_SEED_TELLS if self.deviation is None else self.deviation)

    def __str__(self) -> str:
        return f"{self.mean:+.3f}"


@dataclass(frozen=True)
class Part:
    """The photos that a score is over: a split, or some drives of it."""

    split: str
    drives: tuple[str, ...] = ()  # none: the whole split

    def ssim(self, scores: dict) -> float | None:
        """The mean SSIM of a record's scores over these photos; None where it was not measured."""
        if self.split not in scores:
            return None
        if not self.drives:
            return scores[self.split]["ssim"]
        parts = [scores[self.split]["by_drive"][drive] for drive in self.drives]
        return sum(p["ssim"] * p["photos"] for p in parts) / sum(p["photos"] for p in parts)

    def __str__(self) -> str:
        return f"{self.split}, {' and '.join(self.drives)}" if self.drives else self.split


def read_records(results: Path) -> Records:
    """The records of all rows that are trained, those of a row alike but for the seed.

    Where a row has records of several configurations, such as of two lengths, those of the lowest seed's
    count.
    """
    found: Records = {}
    for name in ROWS:
        seeds = sorted(int(f.stem.rpartition("-seed")[2]) for f in results.glob(f"rows/{name}-seed*.json"))
        read = {seed: read_record(results, f"{name}-seed{seed}") for seed in seeds}
        records = {seed: record for seed, record in read.items() if record}
        if records:
            first = _without_seed(records[min(records)])
            found[name] = {seed: record for seed, record in records.items() if _without_seed(record) == first}
    return found


def _without_seed(record: dict) -> tuple[dict, str]:
    return record["config"] | {"seed": 0}, record["dataset"]


def figure(records: Records, name: str, part: Part, weights: str = "last") -> Figure | None:
    """The SSIM of a row; None where it is not measured."""
    ssims = {seed: part.ssim(r["weights"][weights]["scores"]) for seed, r in records.get(name, {}).items()}
    known = {seed: ssim for seed, ssim in ssims.items() if ssim is not None}
    return Figure(known) if known else None


def difference(records: Records, name: str, reference: str, part: Part) -> Difference | None:
    """How a row stands to another after the last epoch, over the seeds that both have; None without any."""
    ours, theirs = figure(records, name, part), figure(records, reference, part)
    if ours is None or theirs is None:
        return None
    common = ours.values.keys() & theirs.values.keys()
    if not common:
        return None
    ours, theirs = (Figure({seed: f.values[seed] for seed in common}) for f in (ours, theirs))
    deviations = [d for d in (ours.deviation, theirs.deviation) if d is not None]
    return Difference(ours.mean - theirs.mean, max(deviations, default=None))


def drives_of(records: Records) -> dict[str, dict[str, int]]:
    """Split -> drive -> photos, as far as a run was scored on it."""
    found: dict[str, dict[str, int]] = {}
    for record in (r for seeds in records.values() for r in seeds.values()):
        for split, scores in record["weights"]["last"]["scores"].items():
            found[split] = {drive: part["photos"] for drive, part in scores["by_drive"].items()}
    return found


def unseen_part(records: Records) -> Part:
    """The test photos of drives that neither training nor validation showed: the figures to trust. All test
    photos, where these showed none of their drives, or every one."""
    drives = drives_of(records)
    shown = drives.get("train", {}) | drives.get("val", {})
    unseen = tuple(drive for drive in drives.get("test", {}) if drive not in shown)
    return Part("test", unseen if len(unseen) < len(drives.get("test", {})) else ())


def count_seeds(records: Records) -> str:
    """For people: "3 seeds", or "1 to 3 seeds"."""
    counts = Counter(len(seeds) for seeds in records.values())
    least, most = min(counts), max(counts)
    return f"{most} seed{'' if most == 1 else 's'}" if least == most else f"{least} to {most} seeds"


def says(records: Records, name: str) -> str:
    """What a system is, for people: the paper's name of it, unless published weights were left out."""
    row = ROWS[name]
    config = next(iter(records[name].values()))["config"] if name in records else {"pretrained": True}
    return row.without_weights if row.without_weights and not config["pretrained"] else row.says
