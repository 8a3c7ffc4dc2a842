"""An image input that hands over the uploaded file as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder


class ImageFile(gr.Image):
    """`gr.Image` shows a preview but decodes and may re-encode what was uploaded; label ids need every byte.

    Its value is the path of the uploaded file, or None.
    """

    is_template = True  # Gradio: drawn in the page as the class it inherits from

    def preprocess(self, payload: ImageData | None) -> str | None:
        """Returns the path of an upload, without opening the file.

        Gradio checks paths only in objects that are marked as files, and a request need not be marked.

        Raises:
            gr.Error: no path, or one outside the folder of uploads.
        """
        if payload is None:
            return None
        uploads = Path(get_upload_folder()).resolve()
        if payload.path is None or not Path(payload.path).resolve().is_relative_to(uploads):
            raise gr.Error("Send the image as an uploaded file.", print_exception=False)
        return payload.path

    def example_payload(self) -> dict[str, Any]:
        """What "Use via API" shows in its examples: no address on another host."""
        return {"path": "labels.png", "url": "labels.png", "meta": {"_type": "gradio.FileData"}}
