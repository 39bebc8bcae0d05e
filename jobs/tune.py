"""`spark-submit jobs/tune.py --config study.yaml` does what `sparktune tune` does."""

import sys

from sparktune.cli import main

main(["tune", *sys.argv[1:]])
