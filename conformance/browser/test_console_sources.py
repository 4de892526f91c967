"""The TypeScript of the console's pages: what is committed as compiled is what the compiler makes of it, and the parts
that need no browser do what they should. `UPDATE_COMPILED=1` writes the compiled files anew."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "crates/console/web"
COMPILED = ROOT / "crates/console/compiled"
PACKAGES = Path(__file__).parent / "node_modules"


def compiled(project, into):
    """Compiles with the compiler of the lock file; what it has to say is a failure."""
    run = subprocess.run(
        [str(PACKAGES / ".bin/tsc"), "-p", str(WEB / project), "--outDir", str(into), "--typeRoots", str(PACKAGES / "@types")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
    )
    assert run.returncode == 0, run.stdout


def texts(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in Path(folder).glob("*/*.js")}


def test_the_compiled_pages_are_those_of_their_sources(tmp_path):
    compiled("tsconfig.json", tmp_path)
    if os.environ.get("UPDATE_COMPILED") == "1":
        for old in COMPILED.glob("*/*.js"):
            old.unlink()
        for name, text in texts(tmp_path).items():
            (COMPILED / name).parent.mkdir(exist_ok=True)
            (COMPILED / name).write_text(text)
    fresh, committed = texts(tmp_path), texts(COMPILED)
    assert sorted(fresh) == sorted(committed)
    different = [name for name in fresh if fresh[name] != committed[name]]
    assert not different, f"{different} differ; UPDATE_COMPILED=1 compiles them anew"


def test_the_parts_that_need_no_browser(tmp_path):
    compiled("tsconfig.tests.json", tmp_path)
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    files = sorted(str(path) for path in (tmp_path / "tests").glob("*.test.js"))
    assert len(files) >= 14
    run = subprocess.run(
        ["node", "--test", *files], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=120,
    )
    assert run.returncode == 0, run.stdout[-6000:]
