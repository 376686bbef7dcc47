"""The pytest plugin of ordercore: pytest loads it wherever ordercore is installed, so it imports nothing heavy."""

from typing import Final

# pytest imports what is named here by itself; the fixtures there import what they give when a test asks for it.
pytest_plugins: Final = ("ordercore.testing.kernel_fixtures",)
