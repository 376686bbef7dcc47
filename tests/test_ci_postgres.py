import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / ".ci" / "postgres.py"


def said(*options, **environ):
    done = subprocess.run(
        [sys.executable, SCRIPT, *options], env=os.environ | environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_each_version_with_all_that_a_cluster_needs_is_named():
    code, text = said()
    assert code == 0, text
    assert "PostgreSQL 1" in text


def test_one_that_lacks_a_program_will_not_do(tmp_path):
    for name, words in (("initdb", ""), ("postgres", "echo 'postgres (PostgreSQL) 18.1'")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{words}\n")
        (tmp_path / name).chmod(0o755)
    code, text = said(ORDERCORE_PG_BIN=str(tmp_path))
    assert code == 1
    assert "has no pg_basebackup, pg_rewind" in text
    assert "pip install" in text
