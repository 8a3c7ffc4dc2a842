"""A Gradio app whose endpoint takes and gives what /synthesize does, and does nothing in between.

`python benchmarks/empty_app.py PORT`
"""

import sys

import gradio as gr

with gr.Blocks(analytics_enabled=False) as app, gr.Group(visible=False):
    label_map = gr.Image(type="filepath", image_mode=None)
    seed = gr.Number()
    photo = gr.Image(format="png", type="filepath")
    scores = gr.JSON()
    gr.Button().click(
        lambda label_map, seed: (label_map, {"milliseconds": 0.0}),
        [label_map, seed],
        [photo, scores],
        api_name="synthesize",
    )

if __name__ == "__main__":
    app.launch(server_port=int(sys.argv[1]), ssr_mode=False)
