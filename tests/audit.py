"""Dependencies known to be vulnerable: `make audit` has pip-audit look up all that requirements.lock holds.

Where what PyPI knows of vulnerabilities cannot be read, one line says so, and nothing fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VULNERABLE = "https://pypi.org/pypi/pillow/9.0.0/json"  # some are known of it: a mirror may not say so
REACH_S = 10.0
PIP_AUDIT = ("tool", "run", "--from", "pip-audit>=2.9,<3", "pip-audit")


def why_not(address: str) -> str | None:
    """Why there is no database of vulnerabilities here; None where there is one.

    Args:
        address: What PyPI says of a version of which some are known.
    """
    try:
        with urllib.request.urlopen(address, timeout=REACH_S) as answer:
            known = json.load(answer)["vulnerabilities"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{address} cannot be read ({type(error).__name__})"
    return None if known else f"{address} tells no vulnerabilities"


def main(uv: str, address: str = VULNERABLE) -> int:
    """Audits the lock, and returns the exit status: not 0 where something is vulnerable.

    Args:
        uv: The program, which fetches pip-audit for this once.
        address: See `why_not`.
    """
    reason = why_not(address)
    if reason is None and subprocess.run([uv, *PIP_AUDIT, "--version"], capture_output=True).returncode:
        reason = "pip-audit cannot be had"
    if reason is not None:
        print(f"audit: skipped, {reason}")
        return 0
    lock = ["--requirement", str(ROOT / "requirements.lock"), "--require-hashes", "--disable-pip"]
    return subprocess.run([uv, *PIP_AUDIT, *lock, "--progress-spinner", "off"]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
