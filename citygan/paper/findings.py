"""What a reader of the paper wants to know of the table: where the two agree, in sentences computed from it.

A difference is claimed only where it is more than the seeds' own spread; see `seeds.Difference`.
"""

from __future__ import annotations

from itertools import combinations

from citygan.paper.seeds import (
    ONE_SEED_TELLS,
    Difference,
    Part,
    Records,
    count_seeds,
    difference,
    drives_of,
    figure,
    says,
    unseen_part,
)
from citygan.paper.systems import ROWS, SYSTEMS
from citygan.training.recipes import RECIPES

LOSS = {
    "the baseline": ("baseline-mse", "baseline-bce"),
    "the enhanced network": ("enhanced-mse", "enhanced-bce"),
}
NETWORK = {"BCE": ("enhanced-bce", "baseline-bce"), "least squares": ("enhanced-mse", "baseline-mse")}
SWEPT = {  # group of rows -> how the paragraph on it begins
    "l1": "**L1 weight.** The paper keeps 100 for all its systems after trying 50 and 75 on the baseline; "
    "its figures for those two are not known here. Beside 100",
    "augmentation": "**Augmentation.** The paper tries it apart from its table, and its figures are not "
    "known here. Beside mirroring alone",
}
PRETRAINED = (("deeplab-bce", "baseline-bce"), ("literature-mse", "baseline-mse"))


def findings(records: Records) -> list[str]:
    """Paragraphs: the order of the systems, then loss, network, L1 weight and augmentation, then our own."""
    part = unseen_part(records)
    known = [row.name for row in SYSTEMS if figure(records, row.name, part)]
    if not known:
        return ["Nothing is measured yet."]
    paragraphs = [
        _conditions(records),
        _order([name for name in known if ROWS[name].paper], records, part),
        _loss(records, part),
        _network(records, part),
        *(_swept(records, group, part) for group in SWEPT),
        _our_own(known, records, part),
    ]
    return [paragraph for paragraph in paragraphs if paragraph]


def trust(records: Records) -> str:
    """Which of the figures measure memory, since their drives are in the training split; "" where none do."""
    drives, said = drives_of(records), []
    train = drives.get("train", {})
    for split in ("val", "test"):
        photos = drives.get(split, {})
        shared = [drive for drive in photos if drive in train]
        if shared:
            known, trained = (sum(of[drive] for drive in shared) for of in (photos, train))
            said.append(
                f"Of the {split} split, {known} of {sum(photos.values())} photos are of the drive "
                f"{' and '.join(shared)}, which is also {trained} of the {sum(train.values())} training "
                f"photos ({trained / sum(train.values()):.0%}): their figures measure memory."
            )
    unseen = unseen_part(records).drives
    if said and unseen:
        which = " and ".join(unseen)
        said.append(f"{which} is in neither training nor validation: its column is the one to trust.")
    if said:
        said.append("A drive is one journey of the camera car.")
    return " ".join(said)


def _told(found: Difference) -> str:
    """A difference with whether it can be told."""
    if found.is_told:
        return str(found)
    if found.deviation is None:
        return f"{found}, and one seed cannot tell below {ONE_SEED_TELLS}"
    return f"{found}, within the seeds' own {found.deviation:.3f}"


def _against_paper(records: Records, name: str, reference: str, part: Part) -> str:
    """A difference of two systems, and whether the paper's has the same sign."""
    found = difference(records, name, reference, part)
    if found is None:
        return "is not measured yet"
    paper = ROWS[name].paper["test"] - ROWS[reference].paper["test"]
    if not found.is_told:
        return f"differs by {_told(found)} (the paper: {paper:+.3f})"
    agrees = (found.mean > 0) == (paper > 0)
    return f"differs by {found}, {'as' if agrees else 'unlike'} in the paper ({paper:+.3f})"


def _means(names: list[str], records: Records, part: Part) -> dict[str, float]:
    """Of the rows that are measured."""
    return {name: found.mean for name in names if (found := figure(records, name, part))}


def _order(names: list[str], records: Records, part: Part) -> str:
    if len(names) < 2:
        return ""
    paper = {name: ROWS[name].paper["test"] for name in names}
    ours = _means(names, records, part)
    pairs = list(combinations(names, 2))
    differences = {(a, b): difference(records, a, b, part) for a, b in pairs}
    told = {pair: found for pair, found in differences.items() if found and found.is_told}
    agreeing = sum((paper[a] - paper[b]) * found.mean > 0 for (a, b), found in told.items())
    theirs, here = (
        " > ".join(sorted(names, key=scores.__getitem__, reverse=True)) for scores in (paper, ours)
    )
    return (
        f"**Order.** By test SSIM the paper's order is {theirs}; here (SSIM of {part}) it is {here}. Of "
        f"{len(pairs)} pairs of systems {len(told)} differ by more than their seeds do, and {agreeing} of "
        "these stand in the paper's order."
    )


def _loss(records: Records, part: Part) -> str:
    said = [f"on {network} it {_against_paper(records, *pair, part)}" for network, pair in LOSS.items()]
    return (
        "**Loss.** Least squares (MSE) in place of binary cross-entropy (BCE) as the adversarial loss, by "
        f"SSIM of {part} (in the paper: of its test split): {'; '.join(said)}."
    )


def _network(records: Records, part: Part) -> str:
    said = [f"under {loss} it {_against_paper(records, *pair, part)}" for loss, pair in NETWORK.items()]
    sentences = [f"**Network.** The enhanced network beside the baseline: {'; '.join(said)}."]
    for name, reference in PRETRAINED:
        if difference(records, name, reference, part):
            what = says(records, name)
            sentences.append(f"{what} beside {reference} {_against_paper(records, name, reference, part)}.")
    return " ".join(sentences)


def _swept(records: Records, group: str, part: Part) -> str:
    rows = [row for row in ROWS.values() if row.group == group]
    found = {row.says: difference(records, row.name, row.recipe, part) for row in rows}
    said = [f"{text} differs by {_told(d)}" for text, d in found.items() if d]
    return f"{SWEPT[group]}, {'; '.join(said)}." if said else ""


def _our_own(known: list[str], records: Records, part: Part) -> str:
    others = [name for name in known if ROWS[name].group == "paper"]
    if not others:
        return ""
    best = max(others, key=_means(others, records, part).__getitem__)
    said = [
        f"{name} differs by {_told(found)}"
        for name in known
        if ROWS[name].group == "ours" and (found := difference(records, name, best, part))
    ]
    return f"**Ours.** Beside {best}, the best of the others, {'; '.join(said)}." if said else ""


def _conditions(records: Records) -> str:
    """What must be known before a figure is set beside the paper's."""
    systems = {row.name: next(iter(records[row.name].values())) for row in SYSTEMS if row.name in records}
    kinds = {
        "data set": {r["dataset"] for r in systems.values()},
        "epochs": {r["epochs"] for r in systems.values()},
        "width": {r["config"]["width"] for r in systems.values() if r["config"]["generator"] != "deeplab"},
    }
    said = [f"{kind} {', '.join(map(str, sorted(values)))}" for kind, values in kinds.items() if values]
    sentences = [
        f"**Conditions.** Here: {', '.join(said)}, {count_seeds(records)}; the paper: Cityscapes, "
        "200 epochs, full width. Photos are in [-1, 1] in every row; the paper has them in [0, 1], under a "
        "tanh too."
    ]
    published = {name: record for name, record in systems.items() if RECIPES[record["recipe"]].pretrained}
    fresh = [name for name, record in published.items() if not record["config"]["pretrained"]]
    if fresh:
        sentences.append(f"Without published weights, unlike in the paper: {', '.join(fresh)}.")
    waiting = [row.name for row in SYSTEMS if row.name not in systems]
    if waiting:
        sentences.append(f"Not trained yet: {', '.join(waiting)}.")
    return " ".join(sentences)
