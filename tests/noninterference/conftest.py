"""Keys and a compiled reconstruction, once for all tests of this folder."""

import pytest

from tests.noninterference.place import Keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))
