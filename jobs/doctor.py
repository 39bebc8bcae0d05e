"""`spark-submit jobs/doctor.py --config study.yaml` does what `sparktune doctor` does."""

import sys

from sparktune.cli import main

main(["doctor", *sys.argv[1:]])
