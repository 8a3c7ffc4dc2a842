"""Serves a page whose photos take until a line comes from the standard input; prints what happens."""

import sys

import fakes

from citygan.ui.page import build_app, serve
from citygan.ui.watch import log_requests


def synthesize(label_map, seed=None, wait_s=None):
    print("a photo begins", flush=True)
    sys.stdin.readline()
    return fakes.synthesize(label_map, seed)


log_requests()
serve(build_app(synthesize, fakes.score, fakes.INFO, "a test"), None, None, quiet=False)
