"""Recipes: named, frozen training configurations."""

from __future__ import annotations

from dataclasses import replace

from citygan.training.config import TrainConfig

CITYGAN = TrainConfig()

# What the six systems of "Image-to-Image Translation for the Cityscapes Dataset" (Ortega Pinto and Romero
# Romero) share, beside L1 weight 100, Adam 2e-4, batch 1 and 200 epochs: labels without smoothing, pix2pix's
# crops from 286 px, and no mirroring, which the paper tries apart. Unlike the paper, which scales photos to
# [0, 1] although a tanh reaches down to -1, they stay in [-1, 1], as in all other recipes.
PAPER = replace(CITYGAN, real_label=1.0, fake_label=0.0, mirror=False)

# znxlwm/pytorch-pix2pix tests in training mode: norm statistics of the photo at hand, dropout on
BASELINE_BCE = replace(PAPER, generator="flat-unet", inference_dropout=True)
# Dropout of ordinary modules, which evaluation turns off; the statistics are pix2pix's own
ENHANCED_BCE = replace(PAPER, generator="blocks-unet")

CITYGAN_PLUS = replace(
    CITYGAN,
    encoding="classes",
    norm="instance",
    norm_statistics="instance",
    upsampling="nearest",
    dropout=0.0,
    noise=True,
    adversarial_loss="mse",
    real_label=1.0,
    fake_label=0.0,
    l1_weight=20.0,
    ssim_weight=4.0,
    ema_decay=0.998,
    batch_size=4,
    load_px_min=256,
    load_px_max=340,
    simplify_px=13,
    discriminator_augmentation=True,
)

CITYGAN_PATCHES = TrainConfig(
    generator="street-unet",
    discriminator="multi-scale",
    encoding="classes",
    width=32,
    discriminator_width=32,
    scales=3,
    window_px=192,
    upsampling="bilinear",
    norm="instance",
    norm_statistics="instance",
    adversarial_loss="mse",
    real_label=1.0,
    fake_label=0.0,
    l1_weight=0.0,
    ssim_weight=1.0,
    ssim_pool=4,
    feature_weight=10.0,
    pooled_l1_weight=10.0,
    frequency_weight=1.0,
    light_weight=1.0,
    class_balance=0.3,
    batch_size=2,
    epochs=50,
    half_size_epochs=24,
    decay_epochs=14,
    ema_decay=0.998,
    size_px=384,
    aspect=4 / 3,
    load_px_min=384,
    load_px_max=450,
    simplify_px=21,
    discriminator_augmentation=True,
)

CITYGAN_PROJECTED = replace(
    CITYGAN_PATCHES,
    discriminator="projected",
    scales=2,
    pretrained=True,
    window_px=256,
    feature_weight=10.0,
    frequency_weight=0.0,
    epochs=31,
    half_size_epochs=18,
    decay_epochs=10,
)

CITYGAN_DETAIL = replace(
    CITYGAN_PROJECTED,
    fine_window=True,
    feature_weight=8.0,
    epochs=36,
    half_size_epochs=0,
    decay_epochs=12,
)

CITYGAN_GUESSED = replace(
    CITYGAN_DETAIL,
    guessed_light=0.4,
    even_weight=5.0,
    epochs=30,
)

RECIPES: dict[str, TrainConfig] = {
    # the system of the CityGAN README
    "citygan": CITYGAN,
    "baseline-bce": BASELINE_BCE,
    "baseline-mse": replace(BASELINE_BCE, adversarial_loss="mse"),
    # torchvision's networks are tested in evaluation mode: running statistics
    "deeplab-bce": replace(
        PAPER, generator="deeplab", discriminator="resnet18", pretrained=True, norm_statistics="running"
    ),
    # starts from a latest_net_G.pth of junyanz/pytorch-CycleGAN-and-pix2pix, which tests in training mode too
    "literature-mse": replace(
        PAPER, generator="unet-256", adversarial_loss="mse", pretrained=True, inference_dropout=True
    ),
    "enhanced-bce": ENHANCED_BCE,
    "enhanced-mse": replace(ENHANCED_BCE, adversarial_loss="mse"),
    # for SSIM without looking wrong: classes as channels, no checkerboard, noise for the texture that a label
    # map does not determine, shapes simplified toward what people paint
    "citygan-plus": CITYGAN_PLUS,
    # for the eye, and where the shipped checkpoint began: detail at full size, judged at two scales,
    # people and cars nearly as much as sky and road; little L1 and no SSIM, which both want a mean of photos
    "citygan-photo": replace(
        CITYGAN_PLUS,
        refine=True,
        discriminator="multi-scale",
        class_balance=0.5,
        feature_weight=10.0,
        l1_weight=5.0,
        ssim_weight=0.0,
    ),
    # in the light that one chooses, at 512 x 384; meant to go on where a citygan-photo stands
    # (fit --generator-weights). First its trunk alone, at half the size: twice as many images in the same
    # time, for what a street looks like. Against PatchGANs, with smooth upsampling: nearer to real photos by
    # most distances than citygan-light, and not to the eye
    "citygan-patches": CITYGAN_PATCHES,
    # the same against PatchGANs of what an ImageNet network says of photos, and near to the real ones in what
    # it says: going on where a citygan-light stands
    "citygan-projected": CITYGAN_PROJECTED,
    # then, at full size, with that network's finest level looked at too, for detail: going on where a
    # citygan-projected stands
    "citygan-detail": CITYGAN_DETAIL,
    # then two of five in the light that the map suggests, since that is what most photos are made in, and no
    # training photo has it; and maps of one class alone, evenly: what the shipped checkpoint is made with
    "citygan-guessed": CITYGAN_GUESSED,
    # the same against a discriminator that says each pixel's class or that it is fake
    "citygan-light": replace(
        CITYGAN_PATCHES,
        discriminator="segmenting",
        scales=2,
        window_px=0,
        upsampling="nearest",
        adversarial_loss="classes",
        feature_weight=3.0,
        class_balance=0.7,
        frozen_trunk=True,
        epochs=20,
        half_size_epochs=6,
        decay_epochs=6,
        ema_decay=0.999,
    ),
}
