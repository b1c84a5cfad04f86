"""`skmia demo`: audit two real pipelines on the UCI Adult data."""

import os
import sys
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmia._audit.audit import audit
from skmia.datasets import load_adult


def add_parser(commands):
    """Add the command to the command line."""
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
    parser.set_defaults(run=run)


def run(args):
    """Train, audit and print."""
    if args.output is not None:  # before the work, so that a wrong name costs nothing
        args.output.mkdir(parents=True, exist_ok=True)
    train, test = load_adult(split="train"), load_adult(split="test")
    labels = [side.target_names[side.target] for side in (train, test)]
    for name, classifier in _classifiers(args.random_state, args.n_jobs).items():
        print(f"Training the {name} on {len(train.target):,} rows ...", file=sys.stderr)
        pipeline = _pipeline(classifier, train).fit(train.data, labels[0])
        report = audit(
            pipeline,
            train.data,
            labels[0],
            test.data,
            labels[1],
            sensitive_features=_groups(train, test),
            random_state=args.random_state,
            n_jobs=args.n_jobs,
        )
        title = f"UCI Adult, {name}"
        print(f"\n{title}\n{'=' * len(title)}\n{report}\n")
        if args.output is not None:
            path = args.output / f"{name.replace(' ', '_')}.json"
            _write(path, report.to_json(indent=2) + "\n")
            print(f"Wrote {path}", file=sys.stderr)
    return 0


def _classifiers(random_state, n_jobs):
    return {
        "random forest": RandomForestClassifier(random_state=random_state, n_jobs=n_jobs),
        "logistic regression": LogisticRegression(max_iter=1000),
    }


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
        groups[name] = tuple(names[side.data[:, column].astype(int)] for side in (train, test))
    return groups


def _write(path, text):
    """Write the file whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
