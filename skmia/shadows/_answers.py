"""How shadows are asked, and what they remember of their answers, so that each is asked once."""

import numpy as np
from sklearn import get_config
from sklearn.utils.parallel import Parallel, delayed

from skmia._response import batches, class_probabilities, response_method_of
from skmia.signals import evaluate
from skmia.utils._blas import single_blas_thread
from skmia.utils._sklearn import _num_samples, _safe_indexing

# where the signals of a record come from; one byte each, since there is one per record and shadow
_LEFT_OUT, _ASKED, _FROM_ANSWERS, _FROM_SIGNALS = np.arange(4, dtype=np.int8)


class AnswerMemory:
    """What a shadow answered for records of the pool; pickles and copies are empty."""

    def __init__(self, n_records, n_shadows):
        self._n_records = n_records
        self._n_shadows = n_shadows
        # by method, for whole answers, or by (method, signal) where answers would not fit
        self._values = {}
        self._known = {}

    def __getstate__(self):
        """Leave everything out that was answered."""
        return self.__dict__ | {"_values": {}, "_known": {}}

    def is_empty(self):
        return not self._values

    def has_room(self, key, values):
        """Return whether answers like these, of all records, fit into this shadow's share."""
        if key in self._values:
            return True
        # all shadows share half of `working_memory`
        # signals, one number per record, are not counted: they are what is kept in place of answers
        kept = sum(array.nbytes for array in self._values.values() if array.ndim > 1)
        share = get_config()["working_memory"] * 2**20 / 2 / self._n_shadows
        return kept + self._n_records * values[0].nbytes <= share

    def knows(self, keys, rows):
        """Return for which rows of the pool all keys are known; −1, a foreign record, never is."""
        known = rows >= 0  # and not the last row of the pool
        for key in keys:
            known &= self._known[key][rows] if key in self._known else False
        return known

    def read(self, key, rows):
        return self._values[key][rows]

    def write(self, key, rows, values):
        shape = self._n_records, *values.shape[1:]
        self._values[key] = _filled(self._values.get(key), shape, rows, values)
        self._known.setdefault(key, np.zeros(self._n_records, dtype=bool))[rows] = True


class Asking:
    """Records as they are put to shadows, which answer from memory what they remember.

    `rows` are the records' rows in the pool, −1 for foreign ones; None without memory. Batches
    follow from `n_columns` alone: the last digits do not depend on `n_jobs`.
    """

    def __init__(self, models, memories, classes, X, rows, *, response_method, n_columns, n_jobs):
        self.models = models
        self.memories = memories
        self.classes = classes
        self.X = X
        self.rows = rows
        self.n_records = _num_samples(X)
        self.n_columns = n_columns
        self.n_jobs = n_jobs
        self.methods = [response_method_of(model, response_method) for model in models]

    def observe(self, y_index, signals):
        """Return one matrix (n_shadows, n_records) of each signal."""

        def _signals(i, source, part):
            if source == _FROM_SIGNALS:
                keys = self._keys(i, signals)
                return i, part, [self.memories[i].read(key, self.rows[part]) for key in keys]
            proba = self._answers(i, source, part)
            return i, part, list(evaluate(proba, y_index[part], signals))

        observed = [None] * len(signals)
        shape = (len(self.models), self.n_records)
        tasks = self._tasks(range(len(self.models)), signals)
        for i, part, values in self._run(_signals, tasks):
            for k, value in enumerate(values):
                observed[k] = _filled(observed[k], shape, (i, part), value)
        return observed

    def remember(self, y_index, signals):
        """Ask once for each record of the pool that is not remembered, and keep what fits."""

        def _answers_that_fit(i, part):
            proba = self._answers(i, _ASKED, part)
            if self.memories[i].has_room(self.methods[i], proba):
                return i, part, {self.methods[i]: proba}
            values = evaluate(proba, y_index[part], signals)
            return i, part, dict(zip(self._keys(i, signals), values, strict=True))

        once = np.zeros(self.n_records, dtype=bool)
        once[np.unique(self.rows, return_index=True)[1]] = True  # one of each content
        tasks = self._tasks(range(len(self.models)), signals, once & (self.rows >= 0))
        asked = [(i, part) for i, source, part in tasks if source == _ASKED]
        # written here, in one thread: jobs only read
        for i, part, answered in self._run(_answers_that_fit, asked):
            for key, values in answered.items():
                self.memories[i].write(key, self.rows[part], values)

    def answers(self, i):
        answers = None
        shape = (self.n_records, len(self.classes))
        with single_blas_thread():
            for _, source, part in self._tasks([i]):
                answers = _filled(answers, shape, part, self._answers(i, source, part))
        return answers

    def _keys(self, i, signals):
        return [(self.methods[i], signal) for signal in signals]

    def _run(self, function, tasks):
        """Yield what a function returns, in the order of the tasks."""
        # threads, which share records and memories; the generator holds few answers at a time
        parallel = Parallel(self.n_jobs, require="sharedmem", return_as="generator")
        with single_blas_thread():
            yield from parallel(delayed(function)(*task) for task in tasks)

    def _answers(self, i, source, part):
        if source == _FROM_ANSWERS:
            return self.memories[i].read(self.methods[i], self.rows[part])
        # whole records go as they are: an index into them would copy them
        is_whole = isinstance(part, slice) and part == slice(0, self.n_records)
        X = self.X if is_whole else _safe_indexing(self.X, part)
        return class_probabilities(self.models[i], X, self.classes, method=self.methods[i])

    def _sources(self, i, signals=()):
        """Return where each record's answer, or its signals, come from."""
        sources = np.full(self.n_records, _ASKED, dtype=np.int8)
        if self.rows is None:
            return sources
        memory = self.memories[i]
        if signals:
            sources[memory.knows(self._keys(i, signals), self.rows)] = _FROM_SIGNALS
        sources[memory.knows([self.methods[i]], self.rows)] = _FROM_ANSWERS
        return sources

    def _tasks(self, numbers, signals=(), among=True):
        """Return batches of the records of each shadow that have one source."""
        tasks = []
        cut = {}  # here, not in the threads of jobs, which do not know `working_memory`
        for i in numbers:
            sources = np.where(among, self._sources(i, signals), _LEFT_OUT)
            key = sources.tobytes()  # nearly always the same for all shadows
            if key not in cut:
                cut[key] = [
                    (source, part)
                    for source in (_ASKED, _FROM_ANSWERS, _FROM_SIGNALS)
                    for part in self._cut(np.flatnonzero(sources == source))
                ]
            tasks += [(i, *of_source) for of_source in cut[key]]
        return tasks

    def _cut(self, records):
        """Return batches of the numbers of some records, slices where they are all."""
        if len(records) == self.n_records:
            return batches(self.n_records, self.n_columns)
        parts = batches(len(records), self.n_columns) if len(records) else []
        return [records[part] for part in parts]


def _filled(whole, shape, place, values):
    """Put values in their place, of an array that is made here, or takes a wider type for them."""
    if whole is None:
        whole = np.empty(shape, values.dtype)
    elif not np.can_cast(values.dtype, whole.dtype):  # shadows of several types
        whole = whole.astype(np.result_type(whole, values))
    whole[place] = values
    return whole
