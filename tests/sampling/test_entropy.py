"""The sampler of the entropy of a data set."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import entropy

from skmia.datasets import load_adult, make_purchase_like
from skmia.properties import dataset_entropy
from skmia.sampling import EntropySampler
from skmia.sampling._entropy import Symbols

X, Y = load_adult(return_X_y=True)
X, Y = X[:4000], Y[:4000]


def kept(sampler, X=X, y=Y):
    return sampler.set_params(random_state=0).fit_resample(X, y)


@pytest.mark.parametrize("n_samples", [None, 500])
@pytest.mark.parametrize("bins", [None, 5])
@pytest.mark.parametrize("share", [0.8, 0.95, 1.05])
def test_entropy_is_reached(share, bins, n_samples):
    wanted = share * dataset_entropy(X[:500] if n_samples else X, n_bins=bins)
    sampler = EntropySampler(wanted, n_bins=bins, n_samples=n_samples)
    X_kept, y = kept(sampler)
    reached = dataset_entropy(X_kept, n_bins=bins)
    assert reached == pytest.approx(wanted, abs=1e-3)
    assert reached == pytest.approx(sampler.entropy_, abs=1e-12)
    assert (np.diff(sampler.sample_indices_) > 0).all()
    assert len(y) == (n_samples or len(y))


def test_as_many_as_possible():
    full = dataset_entropy(X)
    sizes = [len(kept(EntropySampler(full * share))[1]) for share in (0.9, 0.95, 1.0, 1.05)]
    assert sizes[0] < sizes[1] < sizes[2] == len(X) > sizes[3]
    # more cannot be: 3 of value 1 with x of value 0 have most entropy at x = 3
    X_small, y = np.array([[0]] * 9 + [[1]] * 3), np.arange(12) % 2
    assert kept(EntropySampler(1.0), X_small, y)[0].ravel().tolist() == [0] * 3 + [1] * 3
    assert kept(EntropySampler(0.0), X_small, y)[0].ravel().tolist() == [0] * 9


def test_entropy_of_continuous_values_is_that_of_their_number():
    normal = np.random.RandomState(0).normal(size=(200, 3))
    sampler = EntropySampler(5.0)
    assert len(kept(sampler, normal, np.arange(200) % 2)[1]) == 32
    assert sampler.entropy_ == pytest.approx(5)


def test_sparse_records():
    X, y = make_purchase_like(600, n_features=80, n_classes=4, random_state=0)
    wanted = 0.9 * dataset_entropy(X)
    dense, of_sparse = (kept(EntropySampler(wanted), made, y) for made in (X, sparse.csr_array(X)))
    assert dataset_entropy(dense[0]) == pytest.approx(wanted, abs=1e-3)
    np.testing.assert_array_equal(of_sparse[0].toarray(), dense[0])


def test_chance():
    full = dataset_entropy(X[:300])
    first, again, other = (
        EntropySampler(full, n_samples=300, random_state=s).fit(X, Y).sample_indices_
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    # two random draws share 300² / 4,000 rows, with a deviation of less than the root of that
    assert len(np.intersect1d(first, other)) < 22.5 + 4 * np.sqrt(22.5)


def test_symbols_count_as_scipy_does():
    codes = np.random.RandomState(0).randint(4, size=(50, 3)) * [1, 1, 0]
    mask = np.arange(50) < 20
    symbols = Symbols(codes)
    per_feature = [
        entropy(np.unique(column, return_counts=True)[1], base=2) for column in codes[mask].T
    ]
    assert symbols.entropy(mask) == pytest.approx(np.mean(per_feature))
    surprisal = symbols.surprisal(mask)
    assert surprisal[mask].mean() == pytest.approx(np.mean(per_feature))
    shares = [np.mean(codes[mask, j] == codes[0, j]) for j in range(3)]
    assert surprisal[0] == pytest.approx(-np.log2(shares).mean())


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (EntropySampler(30.0), "No 2000 of the n_samples=4000 records were found"),
        (EntropySampler(0.1, n_samples=3000), r"Found were \d\.\d+ to \d\.\d+ bits"),
        (EntropySampler(1.0, n_samples=4001), "more than the 4000 records"),
    ],
)
def test_refusals(sampler, message):
    with pytest.raises(ValueError, match=message):
        kept(sampler)
