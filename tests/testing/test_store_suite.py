import inspect
import re
from typing import get_args

import pytest

from ordercore.store import Capability
from ordercore.testing import StoreSuite
from ordercore.testing.rules import subject


def test_every_flag_is_a_capability_and_says_what_it_means():
    flags = re.findall(r'^    (\w+): bool = False\n    """.+"""$', inspect.getsource(subject.Subject), re.MULTILINE)
    assert set(flags) == set(get_args(Capability))


def test_a_suite_without_a_factory_says_what_to_override():
    with pytest.raises(NotImplementedError, match="store_factory"):
        StoreSuite.store_factory.__wrapped__(StoreSuite())
