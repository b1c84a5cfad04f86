"""Runs many configurations on several processes, and goes on where an earlier run was ended.

Each finished repetition is one JSON file, ``runs/<configuration>/<seed>.json`` in the output
directory, which holds its configuration, its seed and its numbers. The name of a configuration is a
digest of it, so that studies that ask for the same runs share them.
"""

import hashlib
import json
import os
import time
import warnings
from operator import itemgetter
from pathlib import Path

from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits


def key_of(config):
    """Return the name of a configuration: the same in every process and for any order."""
    text = json.dumps(config, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def path_of(output, config, seed):
    """Return where a repetition is kept."""
    return Path(output) / "runs" / key_of(config) / f"{seed}.json"


def save(path, content):
    """Write JSON so that the file is there completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(content, sort_keys=True))
    part.replace(path)


def load(output, jobs):
    """Return one dict per finished job: the configuration, the seed and the numbers."""
    rows = []
    for config, seed in jobs:
        path = path_of(output, config, seed)
        if path.exists():
            rows.append(config | {"seed": seed} | json.loads(path.read_text())["found"])
    return rows


def run(measure, jobs, output, *, n_jobs=1, verbose=True):
    """Run what is missing among jobs, (configuration, seed) each, and return what failed.

    Parameters
    ----------
    measure : callable
        Takes a configuration and a seed, returns a dict of numbers.
    jobs : list of tuple
        Configurations, dicts of what JSON can hold, with seeds.
    output : path-like
        The directory of the results.
    n_jobs : int, default=1
        Number of processes.
    verbose : bool, default=True
        Whether to print how far it is.

    Returns
    -------
    list of str
        One line for each job that raised an exception. Nothing of it is kept, so that it is tried
        again the next time.
    """
    unique = {path_of(output, config, seed): (config, seed) for config, seed in jobs}
    missing = [job for path, job in unique.items() if not path.exists()]
    missing.sort(key=itemgetter(1))  # by seed: a run that is ended has repeated all as often
    start, failures = time.perf_counter(), []
    parallel = Parallel(n_jobs, return_as="generator_unordered")
    ended = parallel(delayed(_run_one)(measure, *job, output) for job in missing)
    for number, failure in enumerate(ended, start=1):
        failures += [failure] if failure else []
        if verbose and number % max(1, len(missing) // 20) == 0:
            print(f"{number}/{len(missing)} runs, {time.perf_counter() - start:.0f} s", flush=True)
    return failures


def _run_one(measure, config, seed, output):
    """Run and save one job; return what went wrong."""
    start = time.perf_counter()
    try:
        with threadpool_limits(1), warnings.catch_warnings():
            # networks stop where the authors' do, not where they have converged
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = {name: float(value) for name, value in measure(config, seed).items()}
    except Exception as error:
        return f"{config}, seed {seed}: {type(error).__name__}: {error}"
    content = {"config": config, "seed": seed, "found": found}
    save(path_of(output, config, seed), content | {"seconds": time.perf_counter() - start})
    return None
