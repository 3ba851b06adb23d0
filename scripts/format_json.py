"""Write JSON files of `profiles` and `mappings` as they are kept: an object or a list stands on one line where it fits.

python scripts/format_json.py FILE…
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 130


def formatted(node: Any, indent: int = 0, taken: int = 0) -> str:
    """`taken`: what stands on the line before and after."""
    line = _on_one_line(node)
    if not isinstance(node, dict | list) or not node or (indent and len(line) + indent + taken <= WIDTH):
        return line
    inner, pad = indent + 2, " " * (indent + 2)
    if isinstance(node, dict):
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {formatted(v, inner, len(k) + 5)}" for k, v in node.items()]
        return "{\n" + ",\n".join(pad + part for part in parts) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + formatted(v, inner, 1) for v in node) + "\n" + " " * indent + "]"


def _on_one_line(node: Any) -> str:
    if isinstance(node, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_on_one_line(v)}" for k, v in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_on_one_line, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def main() -> None:
    for path in map(Path, sys.argv[1:]):
        path.write_text(formatted(json.loads(path.read_text("utf-8"))) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    main()
