"""Several processes of the app behind one address, by Ray Serve: `python deploy/ray_serve.py --replicas 2`.

Ray 2.60 has a wrapper for Gradio, `GradioServer`. It gives Gradio 6.31 nothing of what `launch` is given
here: theme, limits, who is let in, what browsers are told. So a replica is an ASGI app, see `replica.py`.
All run on this machine's processors, and what Ray talks among its processes does not leave the machine.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
# Ray reads them when it is imported, here and in the processes that it starts
os.environ.update(
    {
        "PYTHONPATH": sys.path[0],
        "RAY_SERVE_SESSION_ID_HEADER_KEY": "cookie",  # what the router is told of a request
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # listens on the loopback address alone, on Linux too
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_COLOR_PREFIX": "0",
    }
)

import ray
import tyro
from ray import serve
from ray.serve.config import RequestRouterConfig
from ray.serve.schema import LoggingConfig

from app import Options, open_model
from citygan.errors import CityGANError
from deploy.replica import StickyRouter, build

PORT = 7860
OPEN_REQUESTS = 1000  # of a replica; a page holds one open as long as it is shown
END_S = 5  # for what was asked before the end, as one process has
TRIES = 3  # to start a replica
STORE_BYTES = 256 * 2**20  # for answers on their way that are larger than 100 kB
QUIET = LoggingConfig(log_level="WARNING", enable_access_log=False)  # --log-requests says more


@dataclass(frozen=True)
class Deployment:
    """Serves the page by several processes until Ctrl-C; the options of `python app.py` are those of each."""

    replicas: int = 2
    threads: int = 1  # Of each replica, to make photos with.
    app: Options = field(default_factory=Options)

    def __post_init__(self):
        if not (1 <= self.replicas <= 64 and 1 <= self.threads <= 64):
            raise CityGANError("give whole numbers from 1 to 64 for --replicas and --threads")
        if self.app.share or self.app.mcp or self.app.blind_pairs:
            raise CityGANError("--share, --mcp and --blind-pairs are for one process: python app.py")


def main(arguments: list[str] | None = None) -> None:
    """Starts Ray and serves until Ctrl-C or a SIGTERM."""
    try:
        deployment = tyro.cli(Deployment, args=arguments, config=(tyro.conf.OmitArgPrefixes,))
        address = deployment.app.host or "127.0.0.1", deployment.app.port or PORT
        _check_free(address)
        open_model(deployment.app)  # what cannot be loaded ends here, and not after tries in each replica
        parent = os.environ.get("GRADIO_TEMP_DIR") or None
        with tempfile.TemporaryDirectory(prefix="citygan-", dir=parent) as files:
            os.environ["GRADIO_TEMP_DIR"] = files  # what a killed replica leaves goes in the end, too
            _serve(deployment, address)
    except CityGANError as error:
        print(f"citygan: {error}", file=sys.stderr)
        sys.exit(2)


def _check_free(address: tuple[str, int]) -> None:
    try:
        socket.create_server(address).close()
    except OSError as error:
        raise CityGANError(f"port {address[1]} of {address[0]} cannot be had: {error}") from error


def _serve(deployment: Deployment, address: tuple[str, int]) -> None:
    over = threading.Event()
    ray.init(
        "local",
        num_cpus=deployment.replicas * deployment.threads,
        object_store_memory=STORE_BYTES,
        include_dashboard=False,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        serve.start(http_options={"host": address[0], "port": address[1]}, logging_config=QUIET)
        try:
            serve.run(application(deployment), name="citygan")
        except RuntimeError as error:
            raise CityGANError(f"the replicas did not start: {error}") from error
        print(f"* Running on local URL: http://{address[0]}:{address[1]}", flush=True)
        over.wait()
    finally:
        serve.shutdown()  # once what was asked before is answered
        ray.shutdown()


def application(deployment: Deployment) -> serve.Application:
    """What Ray Serve runs; each replica loads the checkpoint for itself."""
    options = deployment.app

    def build_here():  # Ray calls nothing but a function
        return build(options)

    app = serve.deployment(
        name="citygan",
        num_replicas=deployment.replicas,
        max_constructor_retry_count=TRIES,
        max_ongoing_requests=OPEN_REQUESTS,
        graceful_shutdown_timeout_s=END_S,
        graceful_shutdown_wait_loop_s=0.2,
        ray_actor_options={"num_cpus": deployment.threads},  # so many threads Ray leaves torch
        request_router_config=RequestRouterConfig(request_router_class=StickyRouter),
        logging_config=QUIET,
    )
    return app(serve.ingress(build_here)(type("App", (), {}))).bind()


if __name__ == "__main__":
    main()
