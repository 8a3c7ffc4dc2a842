"""The chart of the table: the test SSIM of each system, and the paper's below it."""

from __future__ import annotations

from matplotlib.figure import Figure

from citygan.paper.seeds import Records, count_seeds, figure, says, unseen_part
from citygan.paper.systems import SYSTEMS

OURS, PAPERS = "#0b6e99", "#c9c3b8"


def draw_chart(records: Records) -> Figure:
    """The the bars, with the spread over the seeds and what the two were trained on."""
    part = unseen_part(records)
    ours = [figure(records, row.name, part) for row in SYSTEMS]
    chart = Figure(figsize=(8.5, 6), layout="constrained")
    axis = chart.subplots()
    places = range(len(SYSTEMS))
    bars = axis.barh(
        [y - 0.2 for y in places],
        [f.mean if f else 0 for f in ours],
        0.38,
        xerr=[(f and f.deviation) or 0 for f in ours],
        color=OURS,
        label=f"here ({part})",
    )
    axis.bar_label(bars, [str(f) if f else "not trained yet" for f in ours], padding=3, fontsize=8)
    paper = [row.paper.get("test") for row in SYSTEMS]
    bars = axis.barh(
        [y + 0.2 for y in places], [v or 0 for v in paper], 0.38, color=PAPERS, label="the paper (test)"
    )
    axis.bar_label(bars, [f"{v:.3f}" if v else "" for v in paper], padding=3, fontsize=8)
    axis.set(xlabel="test SSIM", xlim=(0, 0.7), title=subtitle(records))
    axis.title.set_fontsize(9)
    axis.set_yticks(places, [f"{row.name}\n{says(records, row.name)}" for row in SYSTEMS], fontsize=8)
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, -0.08), ncols=2)
    return chart


def subtitle(records: Records) -> str:
    """What both figures were trained on, so that nobody takes them for the same."""
    theirs = "the paper: Cityscapes, 200 epochs"
    every = [record for seeds in records.values() for record in seeds.values()]
    if not every:
        return f"Nothing is trained here yet; {theirs}"
    widths = sorted({r["config"]["width"] for r in every if r["config"]["generator"] != "deeplab"})
    sets, epochs = (sorted({str(r[name]) for r in every}) for name in ("dataset", "epochs"))
    here = (
        f"here: {', '.join(sets)}, width {', '.join(map(str, widths))}, {', '.join(epochs)} epochs, "
        f"{count_seeds(records)}, last epoch"
    )
    return (
        f"Two data sets and two sizes of network, side by side to compare the order alone\n{here}\n{theirs}"
    )
