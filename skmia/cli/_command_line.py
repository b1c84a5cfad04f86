"""The command `skmia`, and `skmia demo`: audit two real pipelines on the UCI Adult data."""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmia
from skmia._audit.audit import audit
from skmia.datasets import load_adult


def main(arguments=None):
    """Run the command line; return 1 if a file could not be written, else 0."""
    parser = argparse.ArgumentParser(
        prog="skmia",
        description="Audit classifiers for what they give away of their training rows.",
    )
    parser.add_argument("--version", action="version", version=f"skmia {skmia.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    args = parser.parse_args(arguments)
    try:
        return args.run(args)
    except OSError as error:
        print(f"skmia: {error}", file=sys.stderr)
        return 1


def _add_demo(commands):
    parser = commands.add_parser(
        "demo",
        help="audit a random forest and a logistic regression on the UCI Adult data",
        description="Train a fully grown random forest and a logistic regression, each behind "
        "one-hot encoding and scaling, on the 32,561 training rows of UCI Adult, and report how "
        "much each gives away of them. Takes less than a minute on two cores.",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="also write each report to DIR as JSON"
    )
    parser.add_argument("--random-state", type=int, default=0, metavar="N", help="seed (default 0)")
    parser.add_argument(
        "--n-jobs", type=int, default=-1, metavar="N", help="processor cores (default -1: all)"
    )
    parser.set_defaults(run=_run_demo)


def _run_demo(args):
    """Train, audit and print."""
    if args.output is not None:  # before the work, so that a wrong name costs nothing
        args.output.mkdir(parents=True, exist_ok=True)
    train, test = load_adult(split="train"), load_adult(split="test")
    labels = [split.target_names[split.target] for split in (train, test)]
    options = {"random_state": args.random_state, "n_jobs": args.n_jobs}
    classifiers = {
        "random forest": RandomForestClassifier(**options),
        "logistic regression": LogisticRegression(max_iter=1000),
    }
    for name, classifier in classifiers.items():
        print(f"Training the {name} on {len(train.target):,} rows ...", file=sys.stderr)
        pipeline = _pipeline(classifier, train).fit(train.data, labels[0])
        report = audit(
            pipeline,
            train.data,
            labels[0],
            test.data,
            labels[1],
            sensitive_features=_groups(train, test),
            **options,
        )
        title = f"UCI Adult, {name}"
        print(f"\n{title}\n{'=' * len(title)}\n{report}\n")
        if args.output is not None:
            path = args.output / f"{name.replace(' ', '_')}.json"
            part = path.with_suffix(".part")  # the file is written whole or not at all
            part.write_text(report.to_json(indent=2) + "\n", encoding="utf-8")
            os.replace(part, path)
            print(f"Wrote {path}", file=sys.stderr)
    return 0


def _pipeline(classifier, data):
    """Encode categories, scale numbers, classify."""
    categorical = [data.feature_names.index(name) for name in data.categories]
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), categorical), remainder=StandardScaler()
    )
    return make_pipeline(encoder, classifier)


def _groups(train, test):
    """Return the values of sex and race, by name."""
    groups = {}
    for name in ("sex", "race"):
        column = train.feature_names.index(name)
        names = np.asarray(train.categories[name])
        groups[name] = tuple(names[split.data[:, column].astype(int)] for split in (train, test))
    return groups
