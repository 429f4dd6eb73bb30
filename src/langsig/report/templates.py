"""Templates and style of the pages."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(name: str) -> Template:
    """A template, which escapes everything that is not marked as HTML."""
    environment = Environment(
        loader=PackageLoader("langsig.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def page_file(name: str) -> str:
    """Text of a file of the pages."""
    return (files("langsig.report") / "page" / name).read_text(encoding="utf-8")
