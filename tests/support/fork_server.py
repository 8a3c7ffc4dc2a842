"""Runs commands of CityGAN in forked children, which are killed where a test says: imports are paid for once.

JSON lines in: `{"arguments", "below", "kill_at", "kill_after_s", "most_bytes"}`, all but the first optional.
Lines out: `{"pid"}` as soon as the child is there, then `{"status", "events", "cpu_s", "said"}`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from importlib import import_module

import torch

from citygan.__main__ import main

for module in (
    "training.fit",
    "paper.table",
    "paper.search",
    "publishing.push",
):  # here, and not in each child
    import_module(f"citygan.{module}")

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(below: str, kill_at: int, events: int) -> None:
    """Counts what the process does to files below a folder into a pipe, and kills it at one of these moments.

    When a file that was just written is about to be moved into place, which is where its mode is set, half of
    it is cut off first: it could as well have been in the middle of the writing.
    """
    count = 0

    def see(event: str, arguments: tuple) -> None:
        nonlocal count
        kinds = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod")
        if event not in kinds or not str(arguments[0]).startswith(below):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        count += 1
        os.write(events, b".")
        if count == kill_at:
            if event == "os.chmod" and os.path.isfile(arguments[0]):
                os.truncate(arguments[0], os.path.getsize(arguments[0]) // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(see)


def become(asked: dict, said: int, events: int) -> None:
    """The child: it never returns."""
    os.dup2(said, 1)
    os.dup2(said, 2)
    if most := asked.get("most_bytes"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    if limit_s := asked.get("kill_after_s"):
        signal.setitimer(signal.ITIMER_PROF, limit_s)  # of CPU time; what it sends ends a process at once
    if below := asked.get("below"):
        watch(below, asked.get("kill_at", 0), events)
    status = 70
    try:
        status = main(asked["arguments"]) or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve(asked: dict, answers) -> None:
    """Runs one command, and says what came of it."""
    reader, events = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(events, False)
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            become(asked, said.fileno(), events)
        print(json.dumps({"pid": pid}), file=answers, flush=True)
        _, how, used = os.wait4(pid, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    os.close(events)
    seen = 0
    while part := os.read(reader, 65536):
        seen += len(part)
    os.close(reader)
    cpu_s = used.ru_utime + used.ru_stime
    result = {"status": os.waitstatus_to_exitcode(how), "events": seen, "cpu_s": cpu_s, "said": text}
    print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    out = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        serve(json.loads(line), out)
