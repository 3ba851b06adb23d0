"""Documents say only what works: every command block in README.md and docs/ is typed in an empty folder, as a reader would.

`tests/support/documents.py` tells what a block may say of itself.
"""

from pathlib import Path

import pytest

from tests.support.documents import Block, blocks, own_ports, type_blocks

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SECONDS = 300.0  # so that one that hangs is noticed


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_command_of_a_document_works(document: Path, tmp_path: Path) -> None:
    found = list(blocks(document.read_text("utf-8")))
    if not any(block.remark != "not run" for block in found):
        return
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    typed = type_blocks(found, scratch, SECONDS)
    assert typed.ok, f"{named(document)}:{typed.line} does not work as written:\n{typed.said[-3000:]}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_block_that_is_not_run_says_why(document: Path) -> None:
    silent = [
        block.line for block in blocks(document.read_text("utf-8")) if block.remark == "not run" and not block.reason
    ]
    assert silent == []


def test_the_readme_shows_commands() -> None:
    assert list(blocks((ROOT / "README.md").read_text("utf-8")))


# --- the reader of the documents itself -------------------------------------------------------------------------------

WRITTEN = """
<!-- not run: needs a network -->
```sh
curl example
```

1. In a list:
   ```console
   $ echo one > file
   one
   $ cat file
   ```

~~~~bash
test "$(cat file)" = one
~~~~

```yaml
not: a command
```
<!-- exits with 3 -->
```sh
exit 3
```
"""


def test_blocks_are_found_with_their_lines_and_remarks() -> None:
    found = list(blocks(WRITTEN))
    assert [(block.line, block.kind, block.remark) for block in found] == [
        (3, "sh", "not run"), (8, "console", ""), (14, "bash", ""), (22, "sh", "exits with 3"),
    ]  # fmt: skip
    assert found[0].reason == "needs a network"
    assert found[1].commands == "echo one > file\ncat file\n"


def test_blocks_are_typed_in_order_in_one_folder(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert type_blocks(list(blocks(WRITTEN)), scratch, 10).ok
    assert (scratch / "file").read_text("utf-8") == "one\n"


@pytest.mark.parametrize("wrong", ["false", "hub no-such-command", "echo $NEVER_SET", "cd nowhere", "sleep 60"])
def test_a_command_that_does_not_work_is_found(wrong: str, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    typed = type_blocks([Block(7, "sh", "true\n"), Block(9, "sh", f"{wrong}\n"), Block(12, "sh", "true\n")], scratch, 3)
    assert (typed.ok, typed.line) == (False, 9)


def test_a_server_runs_until_the_document_ends(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    serve = Block(1, "sh", "exec python -m http.server 8080 --bind 127.0.0.1\n", "runs until stopped")
    ask = Block(5, "sh", "curl --silent --fail --output page http://127.0.0.1:8080/\n")
    ports = own_ports([serve, ask])
    typed = type_blocks([serve, ask], scratch, 20, ports)
    assert typed.ok, typed.said
    assert (scratch / "page").stat().st_size
    again = type_blocks([serve, ask], scratch, 20, ports)  # its port is free again
    assert again.ok, again.said


def test_a_document_has_ports_of_its_own(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = [
        Block(1, "sh", "hub init here\n"),
        Block(
            4, "sh", "grep '^port' here/hub.toml > ours; echo http://127.0.0.1:8080/fhir 127.0.0.1:9018 80800 >> ours\n"
        ),
        Block(7, "sh", "# not typed: 127.0.0.1:9019\n", "not run", "a reason"),
    ]
    ports = own_ports(found)
    assert set(ports) == {"8080", "9018"}
    assert not {8080, 9018} & set(ports.values())
    typed = type_blocks(found, scratch, 60, ports)
    assert typed.ok, typed.said
    hubs, theirs = ports["8080"], ports["9018"]
    assert (scratch / "ours").read_text(
        "utf-8"
    ) == f"port = {hubs}\nhttp://127.0.0.1:{hubs}/fhir 127.0.0.1:{theirs} 80800\n"
