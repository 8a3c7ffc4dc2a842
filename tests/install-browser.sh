#!/bin/sh
# Finds a Chromium for the browser tests, or installs one: Playwright's own, else the system's package.
set -eu
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if python - <<'PY'
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    sys.exit(not os.path.exists(p.chromium.executable_path))
PY
then exit 0; fi
echo "installing a Chromium for the browser tests"
if timeout 300 playwright install --with-deps chromium; then exit 0; fi
echo "Playwright's own could not be had; trying the system's package"
as_root=""
if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
$as_root apt-get update -qq
$as_root apt-get install -y -qq chromium
