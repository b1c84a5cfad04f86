"""Trained shadow models on disk: each one whole or not at all, and never one that is not ours."""

import hashlib
import json
import os
import pickle
import sys
import tempfile
import time
import warnings
from importlib import import_module
from itertools import chain
from pathlib import Path

import joblib
import numpy as np

from skmia.exceptions import StorageWarning

_MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished-"
_FORMAT = 1  # to be raised when what is written changes
_SECONDS_TO_WRITE = 3600  # a file that is younger may be of a run that still writes it


class ShadowStore:
    """A directory with a manifest of what the shadows are, and one file for each that is trained.

    A file's name holds the digest of its content and of all that the shadow came from, so that no
    other is read. "skops" trusts types of scikit-learn and of the unfitted `templates`.
    """

    def __init__(self, directory, serializer, templates):
        self.directory = Path(directory).absolute()
        self.serializer = serializer
        self._shared = None
        # types by name, taken from what the user gave, never from what lies in the directory
        types = map(self._foreign_types, templates) if serializer == "skops" else ()
        self._trusted = frozenset().union(*types)

    def _foreign_types(self, template):
        """Return the types in an unfitted shadow that skops does not trust by itself."""
        skops_io = self._format  # where skops is missing, this fails before any training
        try:
            return skops_io.get_untrusted_types(data=skops_io.dumps(template))
        except Exception:  # save gives the reason
            return []

    def saved_seed(self):
        """Return the seed in the manifest, None if there is no manifest."""
        manifest = self._read_manifest()
        return None if manifest is None else manifest.get("seed")

    def open(self, plan):
        """Check that the directory is of this plan, common to all shadows, or begin it."""
        if None in plan["estimator_digests"]:
            raise ValueError(
                "An estimator holds something that cannot be known again after a restart, so that "
                "its shadows cannot be kept in a directory. Give functions by name, not as lambda, "
                "or leave directory out."
            )
        self._shared = _as_json({"format": _FORMAT, "serializer": self.serializer, **plan})
        manifest = json.loads(self._shared)  # as it is read back, tuples as lists
        found = self._read_manifest()
        if found is None:
            self._begin(manifest)
        elif about := differences(found, manifest):
            raise ValueError(
                f"{self.directory} holds shadow models that were made otherwise ({about}). Give "
                "fit the same records and parameters to go on with them, or choose another "
                "directory."
            )
        # what killed runs left half-written
        for path in self.directory.glob(f"{_UNFINISHED}*"):
            if path.stat().st_mtime < time.time() - _SECONDS_TO_WRITE:
                path.unlink(missing_ok=True)

    def _begin(self, manifest):
        self.directory.mkdir(parents=True, exist_ok=True)
        # never a directory of the user's other files
        if any(not path.name.startswith(_UNFINISHED) for path in self.directory.iterdir()):
            raise ValueError(
                f"{self.directory} holds files but no {_MANIFEST}, so that it is no directory of "
                "shadow models. Choose an empty or a new one."
            )
        text = json.dumps(manifest, indent=1, sort_keys=True)
        self._write(self.directory / _MANIFEST, text.encode())

    def _read_manifest(self):
        path = self.directory / _MANIFEST
        if not path.exists():
            return None
        try:
            manifest = json.loads(path.read_bytes())
        except ValueError as error:
            raise ValueError(
                f"{path} is damaged: {error}. Choose another directory, or remove this one."
            ) from error
        return manifest if isinstance(manifest, dict) else {}

    def keep(self, trained, jobs):
        """Return the trained shadows and the stored ones of their job; store what is not stored."""
        stored = {}
        for job in jobs:
            if job.number not in trained:
                stored[job.number] = self._load(job)
            elif not self._files(job) and (warning := self.save(job, trained[job.number])):
                warnings.warn(warning, StorageWarning, stacklevel=2)
        return trained | {number: shadow for number, shadow in stored.items() if shadow is not None}

    def _load(self, job):
        """Return a stored shadow, None if there is none that can be used."""
        unusable = []
        for path in self._files(job):
            try:
                content = path.read_bytes()
                if path.name == self._name(job, content):
                    return self._loads(content)
                reason = "it is damaged, or was made from other records, parameters or seeds"
            except Exception as error:  # whatever a model raises when it is read
                reason = f"reading it failed with {type(error).__name__}: {error}"
            unusable.append(f"{path} cannot be used: {reason}")
        if unusable:
            warnings.warn(
                f"Shadow model {job.number} is trained anew, because {'; '.join(unusable)}.",
                StorageWarning,
                stacklevel=3,
            )
        return None

    def save(self, job, shadow):
        """Store a shadow in place of all files of its number; return a warning if that fails."""
        try:
            content = self._format.dumps(shadow)
        except Exception as error:  # whatever a model raises when it is written
            return self._not_stored(job, f"{type(error).__name__}: {error}")
        if unknown := self._types(content)[1]:
            return self._not_stored(job, f"it holds types of other libraries, {sorted(unknown)}")
        stale = self._files(job)
        path = self.directory / self._name(job, content)
        try:
            self._write(path, content)
        except OSError as error:
            return f"Shadow model {job.number} is trained, but {path} could not be written: {error}"
        # only now, so that there is always one whole file
        for old in set(stale) - {path}:
            old.unlink(missing_ok=True)
        return None

    def _not_stored(self, job, reason):
        way_out = " serializer='pickle' may store it, in a directory that nobody else can write to."
        return (
            f"Shadow model {job.number} is trained, but {self.serializer} could not store it in "
            f"{self.directory}: {reason}.{way_out if self.serializer == 'skops' else ''}"
        )

    def _files(self, job):
        return sorted(self.directory.glob(f"shadow-{job.number:05}.*.{self.serializer}"))

    def _name(self, job, content):
        # of the digest of each part, so that parts of other lengths cannot make one text
        digest = hashlib.blake2b(self._shared.encode(), digest_size=16)
        for part in (str(job.seed).encode(), np.packbits(job.rows).tobytes(), content):
            digest.update(hashlib.sha256(part).digest())
        return f"shadow-{job.number:05}.{digest.hexdigest()}.{self.serializer}"

    def _write(self, path, content):
        handle, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.directory)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)  # at once: a file is there as a whole or not at all
        except BaseException:  # an interruption by the user too
            Path(temporary).unlink(missing_ok=True)
            raise

    @property
    def _format(self):
        if self.serializer == "pickle":
            return pickle
        import skops.io  # slow: it imports all of scikit-learn

        return skops.io

    def _loads(self, content):
        if self.serializer == "pickle":
            return pickle.loads(content)  # noqa: S301 - the user chose it
        return self._format.loads(content, trusted=sorted(self._types(content)[0]))

    def _types(self, content):
        """Return which types that skops holds back may be read, and which may not."""
        if self.serializer == "pickle":
            return set(), set()
        held_back = set(self._format.get_untrusted_types(data=content))
        known = {n for n in held_back if n in self._trusted or _is_class_of_scikit_learn(n)}
        return known, held_back - known


def _is_class_of_scikit_learn(name):
    """Tell its own classes from its functions, and from what it imports."""
    # a model may call functions, and a module's imports are anybody's
    module, _, attribute = name.rpartition(".")
    if not module.startswith("sklearn."):
        return False
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__.startswith("sklearn.")


def differences(before, now):
    """Return in words which entries of two plans differ, an empty text if none do."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(f"{n}: {_brief(before, n)}, now {_brief(now, n)}" for n in names)


def _as_json(value):
    return json.dumps(value, sort_keys=True, default=np.generic.item)


def _brief(plan, name):
    text = _as_json(plan.get(name))
    return text if len(text) <= 100 else f"{text[:97]}..."


def digest_of(value):
    """Return hexadecimal digits of an object, alike in every process, None if it has no pickle."""
    try:
        return joblib.hash(value)
    except Exception:  # pickle raises errors of many types
        return None


def library_versions(templates):
    """Return the versions, by name, of the libraries that train the shadows."""
    # of the estimators within a pipeline too: another version may train another shadow
    own = [
        template.get_params().values() for template in templates if hasattr(template, "get_params")
    ]
    parts = [*templates, *chain.from_iterable(own)]
    names = {type(part).__module__.split(".")[0] for part in parts} - {"builtins", "__main__"}
    modules = {name: sys.modules.get(name) for name in sorted(names | {"numpy", "sklearn"})}
    versions = {name: getattr(module, "__version__", None) for name, module in modules.items()}
    return {name: version for name, version in versions.items() if isinstance(version, str)}
