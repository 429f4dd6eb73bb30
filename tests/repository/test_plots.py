import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
import vl_convert
from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer
from numpy.random import default_rng
from ruamel.yaml import YAML

from langsig.commands import main

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / ".dvc" / "plots"
PLOTS: dict[str, dict[str, Any]] = {
    name: plot
    for entry in YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["plots"]
    if isinstance(entry, dict)  # others are pictures
    for name, plot in entry.items()
}
LANGUAGES = ["qaa", "qab", "qac", "qad"]
LAYERS, STEPS, MODELS = range(5), [100, 200, 300], [*LANGUAGES, "experimental"]
REVISIONS = ["workspace", "main"]


def table(path: str) -> pd.DataFrame:
    """A small table of the kind that the pipeline writes to `path`, for two revisions."""
    rng = default_rng(0)
    if Path(path).name == "average_signatures.csv":
        rows = [
            {"rev": r, "layer": n, "language": name, "average_signature": rng.uniform(0.2, 0.6)}
            for r in REVISIONS
            for n in LAYERS
            for name in LANGUAGES
        ]
    else:
        rows = [
            {"rev": r, "step": step, "model": model, "unigram_cross_entropy": 6.5}
            | {"masked_cross_entropy": rng.uniform(5, 7)}
            for r in REVISIONS
            for model in MODELS
            for step in STEPS
        ]
    return pd.DataFrame(rows)


def specification(plot: dict[str, Any], data: pd.DataFrame) -> dict[str, Any]:
    """What DVC makes of a template; it reads tables as text, numbers and all."""
    ((_, column),) = plot["y"].items()
    renderer = VegaRenderer(
        data.to_dict("records"),
        "plot",
        template=plot["template"],
        template_dir=str(TEMPLATES),
        x=plot["x"],
        y=column,
        title=plot["title"],
    )
    filled: dict[str, Any] = renderer.get_filled_template()
    return filled


def render(plot: dict[str, Any], data: pd.DataFrame) -> ElementTree.Element:
    return ElementTree.fromstring(vl_convert.vegalite_to_svg(specification(plot, data)))


def texts(svg: ElementTree.Element) -> list[str]:
    return ["".join(element.itertext()) for element in svg.iter("{http://www.w3.org/2000/svg}text")]


def shapes(svg: ElementTree.Element) -> list[tuple[str | None, ...]]:
    for element in svg.iter():
        if element.get("fill", "").startswith("url("):
            element.set("fill", "gradient")  # they are counted up from picture to picture
    return [tuple(element.get(key) for key in ("d", "transform", "fill")) for element in svg.iter()]


every_plot = pytest.mark.parametrize("name", PLOTS)


@every_plot
def test_template_is_there_and_every_anchor_is_one_of_dvc(name: str) -> None:
    text = (TEMPLATES / f"{PLOTS[name]['template']}.json").read_text()
    json.loads(text)
    anchors = set(re.findall(r"<DVC_METRIC_(\w+)>", text))
    assert {"DATA", "X", "Y"} <= anchors <= {"DATA", "X", "Y", "TITLE", "X_LABEL", "Y_LABEL"}


def test_every_template_is_used() -> None:
    used = {plot["template"] for plot in PLOTS.values()}
    assert {path.stem for path in TEMPLATES.glob("*.json")} == used


@pytest.mark.slow
@every_plot
def test_plot_renders(name: str) -> None:
    plot = PLOTS[name]
    ((path, column),) = plot["y"].items()
    data = table(path)
    assert {plot["x"], column} <= set(data), "the table of this test is not that of the pipeline"
    spec = specification(plot, data.astype(str))
    assert "<DVC_METRIC" not in json.dumps(spec)
    words = texts(render(plot, data.astype(str)))
    assert plot["title"] in words
    assert set(REVISIONS) <= set(words)
    if name != "violins":
        assert set(data["model" if "model" in data else "language"]) <= set(words)


@pytest.mark.slow
@every_plot
def test_numbers_read_as_text_make_the_same_picture(name: str) -> None:
    plot = PLOTS[name]
    (path,) = plot["y"]
    data = table(path)
    as_text = data.astype(str)
    assert as_text.to_dict("records")[0][plot["x"]] in {"0", "100"}
    svg_of_text, svg_of_numbers = render(plot, as_text), render(plot, data)
    assert shapes(svg_of_text) == shapes(svg_of_numbers)


@pytest.mark.slow
@every_plot
def test_picture_follows_the_numbers(name: str) -> None:
    plot = PLOTS[name]
    ((path, column),) = plot["y"].items()
    data = table(path)
    changed = data.copy()
    changed.loc[0, column] *= 1.5
    before, after = (ElementTree.tostring(render(plot, each)) for each in (data, changed))
    assert before != after


def test_heatmap_has_a_cell_for_each_value() -> None:
    data = table("average_signatures.csv")
    words = texts(render(PLOTS["languages"], data.astype(str)))
    numbers = sorted(word for word in words if re.fullmatch(r"0\.\d\d", word))
    cells = sorted(f"{value:.2f}" for value in data["average_signature"])
    for number in set(cells):
        assert numbers.count(number) >= cells.count(number)


class Tags(HTMLParser):
    """The tags of a page as a browser sees them, without those that scripts contain."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "plots_page.html"
    assert main(["plots-page", str(path)]) == 0
    return path.read_text(encoding="utf-8")


def test_page_needs_no_network(page: str) -> None:
    tags = Tags(page)
    assert [name for name, _ in tags.opened].count("script") == 1
    assert not any({"src", "href"} & attributes.keys() for _, attributes in tags.opened)
    assert "vegaEmbed" in page


def test_page_is_filled_by_dvc(page: str) -> None:
    assert page.count("{plot_divs}") == 1
    assert "{scripts}" not in page, "DVC would put scripts from the network there"
    plot = PLOTS["violins"]
    (path,) = plot["y"]
    data = table(path).to_dict("records")
    ((_, column),) = plot["y"].items()
    renderer = VegaRenderer(
        data, "p", template="violins", template_dir=str(TEMPLATES), x=plot["x"], y=column
    )
    filled = (
        HTML(page).with_scripts(renderer.SCRIPTS).with_element(renderer.generate_html()).embed()
    )
    assert "{plot_divs}" not in filled and "{refresh_tag}" not in filled
    assert "vegaEmbed('#" in filled
    tags = Tags(filled)
    scripts = [attributes for name, attributes in tags.opened if name == "script"]
    assert len(scripts) == 2, "the bundle, which nothing in it ends early, and the plot"
    assert not any("src" in attributes for attributes in scripts)
