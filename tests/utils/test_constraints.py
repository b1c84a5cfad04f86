"""What parameters of usual names allow."""

import pytest

from skmia.utils._constraints import validate_params


@validate_params()
def function(y=None, random_state=None, n_jobs=None):
    return y, random_state, n_jobs


def test_none_is_allowed_where_it_is_the_default_and_said_once():
    assert function() == (None, None, None)
    for name, value in (("y", "a"), ("random_state", "a"), ("n_jobs", 0)):
        with pytest.raises(ValueError, match=f"'{name}' parameter of function") as refused:
            function(**{name: value})
        assert str(refused.value).count("None") == 1
