"""The list of examples is complete, and the one command of each is said where people look for it."""

import re
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
LISTED = re.findall(
    r"^\| \[([\w-]+)\]\(\1/README\.md\) \| `make example-([\w-]+)` \|",
    (EXAMPLES / "README.md").read_text(),
    re.MULTILINE,
)


def test_every_example_is_listed_with_its_command_and_every_one_that_is_listed_is_there():
    assert sorted(name for name, _ in LISTED) == sorted(main.parent.name for main in EXAMPLES.glob("*/__main__.py"))
    assert [name for name, _ in LISTED] == [command for _, command in LISTED]
    pages = (EXAMPLES.parent / "docs" / "examples").glob("*.md")
    assert sorted(name for name, _ in LISTED) == sorted(page.stem for page in pages if page.stem != "index")


def test_the_readme_of_each_begins_with_its_command():
    for name, _ in LISTED:
        first = re.search(r"^```sh\n(.*?)\n```", (EXAMPLES / name / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        assert first is not None, name
        assert first[1] == f"make example-{name}"
