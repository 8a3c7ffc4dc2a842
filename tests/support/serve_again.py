"""Serves the whole page, or another one as a newer version could have it: `serve_again.py PORT [newer]`.

Photos of the seed 13 never come; when one of them begins, that is printed.
"""

import sys
import threading

import fakes
import gradio as gr

from citygan.ui.page import build_app, serve


def synthesize(label_map, seed=None, wait_s=None):
    if seed == 13:
        print("a photo begins", flush=True)
        threading.Event().wait()
    return fakes.synthesize(label_map, seed)


if sys.argv[2:] == ["newer"]:
    with gr.Blocks() as page:
        gr.Markdown("A newer page")
else:
    page = build_app(synthesize, fakes.score, fakes.INFO, "a test")
serve(page, None, int(sys.argv[1]), quiet=False)
