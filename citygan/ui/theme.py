"""The look of the page: a Gradio theme and a little CSS. Only system fonts, nothing from another host."""

from __future__ import annotations

import gradio as gr

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
_MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")

CSS = """
.gradio-container { padding-top: 0 !important; }
.column:has(> .tabs) { gap: 4px; }
.gradio-container .main.fillable { padding: 4px clamp(8px, 1vw, 24px) 8px !important; }
/* The tabs stand in the header's line: it ends where they begin, and begins again where they end. */
.gradio-container .tab-wrapper { height: 40px; margin: -44px 300px 8px 112px; padding: 0; }
.gradio-container .tab-container::after { display: none; }
.gradio-container .html-container { padding: 0 !important; }
.gradio-container .tab-container button.selected { color: var(--primary-600); }
.dark .gradio-container .tab-container button.selected { color: var(--primary-400); }
.cg-header { display: flex; flex-wrap: wrap; align-items: center; gap: 0 14px; padding: 0 2px;
  position: relative; min-height: 40px; }
.cg-header h1 { font-size: 22px; font-weight: 650; letter-spacing: -0.01em; margin: 0; }
.cg-header p { margin: 0; color: var(--body-text-color-subdued); font-size: 14px; }
.cg-header .cg-lead { margin-inline-start: auto; }
.cg-header .cg-facts { position: absolute; top: 38px; right: 0; z-index: 10; max-width: min(440px, 100%);
  padding: 8px 12px; font-size: 13px; border: 1px solid var(--border-color-primary); border-radius: 8px;
  background: var(--block-background-fill); }
.cg-header .cg-about { font-size: 14px; z-index: 1; }
.cg-header .cg-about summary { cursor: pointer; color: var(--body-text-color-subdued); }
.cg-header .cg-about:not([open]) + .cg-facts { display: none; }
.cg-header .cg-notice { flex-basis: 100%; order: -1; padding-top: 4px; color: var(--body-text-color); }
.cg-header .cg-duplicate { z-index: 1; padding: 2px 10px; font-size: 13px;
  border: 1px solid var(--border-color-primary); border-radius: 8px;
  color: var(--body-text-color); text-decoration: none; }
.cg-header .cg-duplicate:hover { border-color: var(--primary-500); }
/* Gradio puts its own container before each selector in here. */
@media (max-width: 1100px) {
  .cg-header > .cg-lead { display: none; }
  .cg-header > .cg-about { margin-inline-start: auto; }
  .tab-wrapper { margin-right: 180px; }
}
@media (max-width: 680px) {
  .cg-header { gap: 0 6px; }
  .cg-header h1 { font-size: 18px; }
  .cg-header .cg-about summary { font-size: 0; list-style: none; padding: 8px 6px; }
  .cg-header .cg-about summary::before { content: "i" / ""; display: block; width: 24px; border: 1.5px solid;
    border-radius: 50%; font: 600 15px/21px ui-serif, Georgia, serif; text-align: center; }
  .tab-wrapper { margin: -44px 40px 8px 90px; }
  .tab-container button { padding: 0 8px; }
}
@media (max-height: 480px) {
  .cg-header { min-height: 34px; }
  .tab-wrapper { height: 34px; margin-top: -38px; margin-bottom: 4px; }
}
@media (forced-colors: active) {
  .tab-container button.selected { outline: 2px solid Highlight; outline-offset: -2px; }
}
.cg-upload { max-width: 1920px; margin: 0 auto; }
.cg-read { margin: 0; font-size: 14px; line-height: 1.45; color: var(--body-text-color-subdued); }
.cg-read.cg-refused { color: var(--error-text-color); }
.cg-figures { display: grid; gap: 12px; margin: 0;
  grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.cg-figures > div { border: 1px solid var(--border-color-primary); border-radius: 10px; padding: 10px 14px; }
.cg-figures dt { font-size: 12.5px; color: var(--body-text-color-subdued); }
.cg-figures dd { margin: 0; font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.cg-figures dd + dd { font-size: 12.5px; font-weight: 400; color: var(--body-text-color-subdued); }
.cg-figures dd.cg-words { font-size: 15px; line-height: 1.4; margin-top: 4px; }
.cg-notes { margin: 10px 0 0; padding-left: 18px; font-size: 14px; line-height: 1.5; }
.cg-definition { margin: 8px 0 0; font-size: 12.5px; color: var(--body-text-color-subdued); }
.cg-cards { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(max(300px, 30%), 100%), 1fr)); }
.cg-card { margin: 0; border: 1px solid var(--border-color-primary); border-radius: 10px; overflow: hidden; }
.cg-card img { display: block; width: 100%; margin: 0; }
.cg-card figcaption { padding: 8px 12px 10px; font-size: 13px; line-height: 1.45;
  color: var(--body-text-color-subdued); }
.cg-card b { display: block; font-size: 14px; color: var(--body-text-color); overflow-wrap: anywhere; }
.cg-card.cg-refused figcaption { color: var(--error-text-color); }
/* While they are made anew, Gradio would dim all: the pictures are enough, what is said stays readable. */
#cg-cards .html-container { transition: none; }
#cg-cards .pending:has(.cg-cards) { opacity: 1; }
#cg-cards .pending .cg-card img { opacity: 0.2; }
.cg-results { max-width: 1200px; margin: 0 auto; }
.cg-gallery { display: grid; gap: 8px; font-size: 13px; }
.cg-gallery > div { display: grid; gap: 8px;
  grid-template-columns: repeat(calc(1 + var(--cg-systems)), minmax(0, 1fr)); }
.cg-gallery img { display: block; width: 100%; height: auto; margin: 0; border-radius: 6px; }
.cg-gallery p { margin: 0; color: var(--body-text-color-subdued); }
.cg-gallery [role="columnheader"] { color: var(--body-text-color-subdued); align-self: end; }
.cg-gallery b { display: block; color: var(--body-text-color); overflow-wrap: anywhere; }
.cg-gallery-state { margin: 0 0 8px; font-size: 13px; color: var(--body-text-color-subdued); }
.cg-results th { white-space: nowrap; }
.cg-results td { word-break: normal; overflow-wrap: break-word; }
#cg-checkpoints .wrap { max-height: 300px; overflow-y: auto; }
.cg-results [data-testid="block-label"] { position: static !important; width: fit-content; }
/* Gradio lays each picture in a button without a name that does nothing: nobody should come upon it. */
:is(.cg-result, .cg-results) .image-container > button { visibility: hidden; }
:is(.cg-result, .cg-results) .image-container > button img { visibility: visible; }
.gradio-container footer > .divider:last-child { display: none; }
.dark .cg-chart img { filter: invert(0.9) hue-rotate(180deg); }
.cg-results h2 { font-size: 18px; margin: 4px 0 10px; }
#cg-download { align-self: flex-start; width: auto; }
.cg-empty { display: grid; place-content: center; min-height: 320px; text-align: center; border-radius: 10px;
  border: 1px dashed var(--border-color-primary); color: var(--body-text-color-subdued); padding: 24px; }
.cg-pairs { max-width: 1440px; margin: 0 auto; padding-top: 12px; }
.cg-pairs h1 { font-size: 22px; font-weight: 650; margin: 0 0 6px; }
.cg-pairs p { margin: 4px 0; font-size: 14px; color: var(--body-text-color-subdued); }
.cg-pair-ask { display: flex; justify-content: space-between; gap: 16px; margin-bottom: 12px; }
.cg-pairs .cg-figures { max-width: 800px; }
.cg-pair-ask > img { height: 150px; max-width: 32%; object-fit: contain; margin: 0; border-radius: 8px; }
.cg-pair-photos { display: flex; justify-content: center; gap: 12px; }
.cg-pair-photos img { min-width: 0; flex: 0 1 auto; margin: 0; object-fit: contain; border-radius: 8px;
  max-height: max(240px, 100dvh - 350px); }
.cg-pair-row { justify-content: center; }
.cg-pair-row + .cg-pair-row button { flex: none; background: none; font-size: 14px; }
.cg-upload .cg-empty p { color: inherit; max-width: 46ch; margin: 4px auto; }
"""


def make_theme() -> gr.themes.Base:
    """Calm greys with one blue, light and dark."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.blue,
        neutral_hue=gr.themes.colors.zinc,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
        font=[gr.themes.Font(name) for name in _SANS],
        font_mono=[gr.themes.Font(name) for name in _MONO],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        block_label_text_weight="500",
        block_title_text_weight="500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_large_text_weight="500",
        button_medium_text_weight="500",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_400",
        error_text_color="#b42318",
        error_text_color_dark="#fda29b",
    )
