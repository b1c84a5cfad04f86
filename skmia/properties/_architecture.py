"""What is known of the architecture of a fitted classifier, whatever library it is from."""

import numpy as np
from scipy.sparse import issparse

# by which classifiers of scikit-learn, and skmia's own, are regularized and trained
SETTINGS = (
    "C",
    "alpha",
    "penalty",
    "l1_ratio",
    "penalties",
    "defense",
    "dropout",
    "ccp_alpha",
    "max_depth",
    "min_samples_leaf",
    "n_neighbors",
    "kernel",
    "lr",
    "learning_rate",
    "learning_rate_init",
)


def architecture_of(classifier):
    """Return what is known of the size of a classifier, and its settings that regularize."""
    size = _network_size(classifier) or _tree_size(classifier) or _linear_size(classifier)
    settings = classifier.get_params(deep=False) if hasattr(classifier, "get_params") else {}
    # some settings of scikit-learn have the value "deprecated" until they go; others are arrays
    known = (name for name in SETTINGS if str(settings.get(name)) not in ("None", "deprecated"))
    return size | {name: settings[name] for name in known}


def first_layer_of(classifier, n_features):
    """Return the weights of shape (n_features, n_units) of a first layer, None if there is none."""
    if hasattr(classifier, "coefs_"):
        weights = classifier.coefs_[0]
    elif (module := _module(classifier)) is not None:
        tables = (p for p in module.parameters() if p.ndim == 2 and p.shape[1] == n_features)
        first = next(tables, None)
        weights = None if first is None else first.detach().cpu().numpy().T
    else:
        weights = getattr(classifier, "coef_", None)
        weights = weights.toarray() if issparse(weights) else weights
        weights = None if weights is None else np.atleast_2d(weights).T
    return weights if weights is not None and len(weights) == n_features else None


def _module(classifier):
    """Return the torch module of a skorch net, or of a classifier that has one, or None."""
    module = getattr(getattr(classifier, "net_", classifier), "module_", None)
    return module if hasattr(module, "parameters") else None


def _network_size(classifier):
    if hasattr(classifier, "coefs_"):
        tables = [*classifier.coefs_, *classifier.intercepts_]
        widths = [len(bias) for bias in classifier.intercepts_]
    elif (module := _module(classifier)) is not None:
        tables = [p.detach() for p in module.parameters()]
        # what is wider or deeper than tables of weights, such as convolutions, is not told so
        if any(table.ndim > 2 for table in tables):
            return {"n_parameters": sum(table.numel() for table in tables)}
        widths = [len(table) for table in tables if table.ndim == 2]
    else:
        return {}
    n_parameters = sum(int(np.prod(table.shape)) for table in tables)
    return {
        "depth": len(widths) - 1,
        "width": max(widths[:-1], default=0),
        "n_parameters": n_parameters,
    }


def _tree_size(classifier):
    trees = [classifier] if hasattr(classifier, "get_n_leaves") else _trees_within(classifier)
    if not trees:
        return {}
    return {
        "depth": max(int(tree.get_depth()) for tree in trees),
        "n_trees": len(trees),
        "n_leaves": sum(int(tree.get_n_leaves()) for tree in trees),
    }


def _trees_within(classifier):
    members = np.ravel(np.asarray(getattr(classifier, "estimators_", []), dtype=object)).tolist()
    return [tree for tree in members if hasattr(tree, "get_n_leaves")]


def _linear_size(classifier):
    weights = getattr(classifier, "coef_", None)
    if weights is None:
        return {}
    n_parameters = int(np.prod(weights.shape) + np.size(getattr(classifier, "intercept_", ())))
    return {"depth": 0, "width": 0, "n_parameters": n_parameters}
