"""Trains, evaluates and prepares: `python train.py --help`, `python train.py fit --help`."""

import sys

from citygan.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
