import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "uv.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("ordercore_ci_uv", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_pip_was_told_reaches_uv(script, tmp_path):
    (tmp_path / "root.pem").touch()
    said = script.uv_environment(
        {
            "index-url": "https://mirror.example/simple",
            "extra-index-url": "https://other.example/simple",
            "trusted-host": "mirror.example",
            "cert": str(tmp_path / "root.pem"),
            "timeout": "90",
            "no-index": "true",
        },
        locking=False,
    )
    assert said["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert said["UV_INDEX"] == "https://other.example/simple"
    assert said["UV_INSECURE_HOST"] == "mirror.example"
    assert said["SSL_CERT_FILE"] == str(tmp_path / "root.pem")
    assert (said["UV_HTTP_TIMEOUT"], said["UV_NO_INDEX"]) == ("90", "1")


def test_without_settings_uv_keeps_its_own(script):
    said = script.uv_environment({}, locking=False)
    assert set(said) <= {"UV_PYTHON_DOWNLOADS", "UV_NO_PROGRESS", "UV_SYSTEM_CERTS"}
    assert said["UV_PYTHON_DOWNLOADS"] == "never"


def test_a_folder_that_is_not_there_is_passed_over(script, tmp_path):
    there, gone = tmp_path.as_uri(), (tmp_path / "gone").as_uri()
    said = script.uv_environment(
        {"extra-index-url": f"{gone} {there}", "find-links": f"{tmp_path} {tmp_path / 'gone'}"}, locking=False
    )
    assert said["UV_INDEX"] == there
    assert said["UV_FIND_LINKS"] == str(tmp_path)


def test_a_lock_is_not_made_from_a_folder_of_this_machine(script, tmp_path):
    said = script.uv_environment(
        {"extra-index-url": f"{tmp_path.as_uri()} https://other.example/simple", "find-links": str(tmp_path)},
        locking=True,
    )
    assert said["UV_INDEX"] == "https://other.example/simple"
    assert "UV_FIND_LINKS" not in said


@pytest.mark.parametrize(
    ("listed", "index"),
    [
        ("global.index-url='https://a.example'\n", "https://a.example"),
        ("global.index-url='https://a.example'\ninstall.index-url='https://b.example'\n", "https://b.example"),
        (":env:.index-url='https://c.example'\nglobal.index-url='https://a.example'\n", "https://c.example"),
        ("WARNING: something else\n", None),
    ],
)
def test_the_nearest_of_pips_settings_wins(script, listed, index):
    assert script.parsed(listed).get("index-url") == index
