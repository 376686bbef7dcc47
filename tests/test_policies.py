import pytest

from ordercore.errors import ConfigurationError
from ordercore.policies import Policies


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"shortage": "refuze"}, "Did you mean 'refuse'?"),
        ({"shortage": "wait"}, "One of backorder, partial, refuse."),
        ({"allocate": "on-place"}, "Did you mean 'on_place'?"),
        ({"confirm": None}, "One of manual, on_place."),
        ({"replans": -1}, "Leave it out"),
        ({"lines_max": 0}, "Leave it out"),
        ({"lines_max": True}, "Leave it out"),
    ],
)
def test_a_policy_that_there_is_not_is_refused_with_those_there_are(wrong, hint):
    with pytest.raises(ConfigurationError) as caught:
        Policies(**wrong)
    assert hint in caught.value.hint
    assert caught.value.policy in wrong
