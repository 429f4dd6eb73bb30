"""Write the parts of the reference that the code defines: ``make docs``.

A page in ``docs/reference`` marks such a part with two comments. The first names what belongs
between them::

    <!-- generated: table Signatures -->
    <!-- end -->

Everything else on the page is written by hand and kept.
"""

import inspect
import io
import os
import re
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path

import langsig
from langsig import commands, schemas

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
HELP_WIDTH = 88
MARKED = re.compile(r"<!-- generated: (\w+) ?(\S*) -->\n.*?<!-- end -->", re.DOTALL)
CONSTANTS = {
    "ALL_WORDS": "Name of the category that all words bear: `Part of Speech`.",
    "CATEGORIES": "Names of the 17 categories.",
    "__version__": "Version of the package.",
}


def render(page: str) -> str:
    """The text of a page with its generated parts brought up to date."""

    def part(match: re.Match[str]) -> str:
        kind, name = match.groups()
        start = match.group(0).splitlines()[0]
        return f"{start}\n{PARTS[kind](name)}\n<!-- end -->"

    return MARKED.sub(part, page)


def api(_: str) -> str:
    """One row per public name, with the first sentence of its docstring and its source."""
    rows = ["| name | content | source |", "| --- | --- | --- |"]
    for name in langsig.__all__:
        value = getattr(langsig, name)
        if name in CONSTANTS:
            rows.append(f"| `langsig.{name}` | {CONSTANTS[name]} | |")
            continue
        source = Path(inspect.getsourcefile(value) or "").resolve().relative_to(ROOT)
        title = f"{source.relative_to('src/langsig').with_suffix('')}".replace("/", ".")
        summary = " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())
        summary = re.sub(r":\w+:`~?\.?([^`]*)`", r"`\1`", summary.replace("``", "`"))
        rows.append(f"| `langsig.{name}` | {summary} | [{title}](../../{source}) |")
    return "\n".join(rows)


def command(name: str) -> str:
    """The help of one subcommand of ``langsig``, or of ``langsig`` if the name is empty."""
    os.environ["COLUMNS"] = str(HELP_WIDTH)
    output = io.StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        commands.main([*filter(None, [name]), "--help"])
    return f"```text\n{output.getvalue().strip()}\n```"


def table(name: str) -> str:
    """The columns of one table."""
    declared = getattr(schemas, name)
    rows = ["| column | type | content |", "| --- | --- | --- |"]
    for column, entry in declared.columns.items():
        kind = entry.kind + (", may be missing" if entry.optional else "")
        allowed = f" ({', '.join(f'`{value}`' for value in entry.allowed)})" * bool(entry.allowed)
        rows.append(f"| `{column}` | {kind} | {entry.description}{allowed} |")
    keys = ", ".join(f"`{key}`" for key in declared.keys)
    return "\n".join([*rows, "", f"One row per {keys}."])


PARTS: dict[str, Callable[[str], str]] = {"api": api, "command": command, "table": table}


def main() -> None:
    """Bring all pages up to date."""
    for path in PAGES:
        path.write_text(render(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
