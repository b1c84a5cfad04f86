"""The shadow-model attack of Shokri et al. (2017)."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skmia._response import class_probabilities, label_index
from skmia.attacks._attack_set import draw_attack_set
from skmia.attacks._base import BaseAttack
from skmia.attacks._features import FEATURES, attack_features, with_class
from skmia.attacks._shadows import fitted_shadows
from skmia.shadows import ShadowModels
from skmia.utils._sklearn import HasMethods, Interval, StrOptions, _set_random_states

__all__ = ["ShadowModelAttack"]

_LEAST_RECORDS = 10  # of each side of a class, for an attack model of its own


class ShadowModelAttack(BaseAttack):
    """TODO."""

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **BaseAttack._parameter_constraints,
        "shadows": [Interval(Integral, 1, None, closed="left"), ShadowModels],
        "features": [StrOptions(set(FEATURES)), callable],
        "attack_estimator": [HasMethods(["fit"]), None],
        "subsample": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        features="log_signals",
        attack_estimator=None,
        subsample=100_000,
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.features = features
        self.attack_estimator = attack_estimator
        self.subsample = subsample
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        rng = check_random_state(self.random_state)
        self.shadows_ = fitted_shadows(self.shadows, self.target, X, y, rng=rng, n_jobs=self.n_jobs)
        attack_set = draw_attack_set(
            self.shadows_,
            X,
            y,
            self.target_classes_,
            response_method=self.response_method,
            subsample=self.subsample,
            rng=rng,
        )
        seed = rng.randint(2**31 - 1)
        self.attack_models_ = self._learn(attack_set, slice(None), seed)
        if membership is None:
            return self._held_out(attack_set, seed)

    def _learn(self, attack_set, rows, seed):
        """Return an attack model for each class that has the records for it, and one for all."""
        membership, y_index = attack_set.membership[rows], attack_set.y_index[rows]
        values = attack_features(self.features, attack_set.proba[rows], y_index)
        n_classes = len(self.target_classes_)
        sizes = np.bincount(2 * y_index + membership, minlength=2 * n_classes).reshape(-1, 2)
        known = np.flatnonzero(sizes.min(axis=1) >= _LEAST_RECORDS) if self.per_class else []
        parts = {label: y_index == label for label in known}
        jobs = [(values[part], membership[part]) for part in parts.values()]
        jobs.append((with_class(values, y_index, n_classes), membership))
        models = Parallel(self.n_jobs, prefer="threads")(
            delayed(_fitted)(self._attack_template(seed), *job) for job in jobs
        )
        return dict(zip([*parts, -1], models, strict=True))

    def _attack_template(self, seed):
        template = self.attack_estimator
        if template is None:
            template = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        template = clone(template)
        _set_random_states(template, seed)
        return template

    def _held_out(self, attack_set, seed):
        """Score the answers of each half of the shadows by attack models of the other half."""
        half = _half_of_shadows(attack_set.shadow, self.shadows_)
        scores = np.empty(len(half))
        for rows, others in ((half, ~half), (~half, half)):
            models = self._learn(attack_set, others, seed)
            scores[rows] = self._ask(models, attack_set.proba[rows], attack_set.y_index[rows])
        return scores, attack_set.membership, attack_set.y_index

    def _score_samples(self, model, X, y):
        proba = class_probabilities(model, X, self.target_classes_, method=self.response_method)
        return self._ask(self.attack_models_, proba, label_index(y, self.target_classes_))

    def _ask(self, models, proba, y_index):
        """Return what the attack model of each record's class says of its answer."""
        values = attack_features(self.features, proba, y_index)
        scores = np.empty(len(values))
        own = np.where(np.isin(y_index, list(models)), y_index, -1)
        for label in np.unique(own):
            rows = own == label
            asked = values[rows]
            if label == -1:
                asked = with_class(asked, y_index[rows], proba.shape[1])
            scores[rows] = _membership_scores(models[label], asked)
        return scores


def _half_of_shadows(shadow, shadows):
    """Mark the rows of half of the shadows, of each type; of a single shadow half of its rows."""
    n_shadows = len(shadows.estimators_)
    if n_shadows == 1:
        return np.arange(len(shadow)) % 2 == 0
    n_types = len(shadows.estimator) if isinstance(shadows.estimator, list | tuple) else 1
    return shadow // (n_types if n_types < n_shadows else 1) % 2 == 0


def _fitted(template, values, membership):
    return template.fit(values, membership)


def _membership_scores(model, values):
    if hasattr(model, "predict_proba"):
        return model.predict_proba(values)[:, 1]
    if hasattr(model, "decision_function"):
        return model.decision_function(values)
    return model.predict(values)
