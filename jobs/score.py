"""`spark-submit jobs/score.py --model MODEL --input IN --output OUT` does what `sparktune score` does."""

import sys

from sparktune.cli import main

main(["score", *sys.argv[1:]])
