"""The page in a browser: what cannot be seen from its text."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from langsig.report import Results, report_page

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="needs chromium and chromedriver (Debian: chromium-driver)",
    ),
]
OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-first-run",
    "--hide-scrollbars",
]  # fmt: skip
WIDE, PHONE = (1200, 1000), (390, 844)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def path(inputs: Callable[..., Results], tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = report_page(
        inputs(8, unlearnt=("qab",)), parameters={"seed": 1}, provenance={"revision": "abc"}
    )
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Any, path: Path) -> Any:
    """The browser with the page just opened, wide, and all its figures drawn."""
    resize(browser, WIDE)
    return opened(browser, path)


def opened(browser: Any, path: Path) -> Any:
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # reading a log empties it
    browser.get(path.as_uri())
    wait(browser, "document.documentElement.dataset.ready === 'yes'")
    return browser


def resize(browser: Any, size: tuple[int, int]) -> None:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def wait(browser: Any, condition: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 60, 0.05).until(lambda b: b.execute_script(f"return {condition}"))


def signals(browser: Any, name: str) -> list[Any]:
    """The value of a signal in every figure."""
    values: list[Any] = browser.execute_script(
        "return [...langsig.drawn.values()].map(({view}) => view.signal(arguments[0]))", name
    )
    return values


def column(browser: Any, table: str, head: str) -> list[str]:
    """The cells of a column of a table."""
    cells: list[str] = browser.execute_script(
        """const table = document.querySelector(`[data-table=${arguments[0]}]`);
        table.open = true;
        const heads = [...table.querySelectorAll('th')].map((head) => head.textContent);
        return [...table.querySelectorAll('tbody tr')].map(
          (row) => row.cells[heads.indexOf(arguments[1])].textContent);""",
        table,
        head,
    )
    return cells


def open_table(browser: Any, table: str) -> None:
    browser.execute_script(f"document.querySelector('[data-table={table}]').open = true")
    wait(browser, f"document.querySelector('[data-table={table}] td') !== null")


def press(browser: Any, table: str, head: str, key: str | None = None) -> Any:
    """Click the header of a column, or press a key on it; return the header."""
    (cell,) = [
        cell
        for cell in browser.find_elements("css selector", f"[data-table={table}] th")
        if cell.text == head
    ]
    button = cell.find_element("tag name", "button")
    if key:
        button.send_keys(key)
    else:
        browser.execute_script("arguments[0].click()", button)
    return cell


def choose(browser: Any, control: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("id", control)).select_by_value(value)
    browser.execute_async_script(
        """const views = [...langsig.drawn.values()].map(({view}) => view.runAsync());
        Promise.all(views).then(() => arguments[0]());"""
    )


def test_opens_without_errors_and_without_network(page: Any) -> None:
    messages = [entry for entry in page.get_log("browser") if entry["level"] != "INFO"]
    assert not messages
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked, "the log has the page itself"
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]


def test_a_foreign_script_does_not_run(page: Any) -> None:
    page.execute_script(
        """const script = document.createElement('script');
        script.textContent = 'window.intruder = true';
        document.body.append(script);"""
    )
    assert page.execute_script("return window.intruder") is None


def test_every_figure_is_drawn_within_its_column(page: Any) -> None:
    drawn = page.execute_script(
        """return [...document.querySelectorAll('figure')].map((figure) => {
          const svg = figure.querySelector('svg.marks');
          const box = figure.querySelector('.chart');
          return [figure.id, svg ? svg.querySelectorAll('path, line, text').length : 0,
                  svg ? svg.clientWidth - box.clientWidth : 0];
        })"""
    )
    assert len(drawn) == len(page.execute_script("return Object.keys(langsig.page.figures)"))
    for key, shapes, overhang in drawn:
        assert shapes > 10, f"{key} is empty"
        assert overhang <= 1, f"{key} is wider than its column"


@pytest.mark.parametrize("figure", ["signatures-0", "signatures-1", "spread-0", "distances-1"])
def test_layers_whose_fit_fails_have_an_asterisk_in_their_category(page: Any, figure: str) -> None:
    labels = f"""return [...document.querySelectorAll('#{figure} .role-axis-label text')]
        .map((label) => label.textContent).filter((text) => /^[0-9][*]?$/.test(text))"""
    assert page.execute_script(labels)[:4] == ["0", "1*", "2", "3"]
    choose(page, "category", "Case")
    assert page.execute_script(labels)[:4] == ["0", "1", "2", "3"]


def test_models_that_have_not_learnt_have_a_dagger(page: Any) -> None:
    open_table(page, "trends")
    assert "Language qab†qab†" in column(page, "trends", "language")
    shown = page.execute_script(
        """return ['signatures-1', 'distances-0', 'trees-0'].map((key) =>
          [...document.querySelectorAll(`#${key} text`)].map((text) => text.textContent))"""
    )
    for texts in shown:
        assert {"qab†", "Language qab†"} & set(texts)
        assert not {"qaa†", "Language qaa†"} & set(texts)


def test_tables_sort_by_click_and_by_keyboard(page: Any) -> None:
    open_table(page, "trends")
    head = press(page, "trends", "p")
    values = [float(cell.replace("< ", "0")) for cell in column(page, "trends", "p")]
    assert len(values) == 8 and values == sorted(values)
    assert head.get_attribute("aria-sort") == "ascending"
    press(page, "trends", "p", "\ue007")  # Enter
    assert [float(cell.replace("< ", "0")) for cell in column(page, "trends", "p")] == values[::-1]
    assert head.get_attribute("aria-sort") == "descending"
    other = press(page, "trends", "language")
    assert column(page, "trends", "language") == sorted(column(page, "trends", "language"))
    assert (head.get_attribute("aria-sort"), other.get_attribute("aria-sort")) == (
        "none", "ascending",
    )  # fmt: skip


def test_numbers_are_right_aligned_and_rows_with_too_few_languages_are_grey(page: Any) -> None:
    open_table(page, "correlations")
    rows = page.execute_script(
        """const table = document.querySelector('[data-table=correlations]');
        const heads = [...table.querySelectorAll('th')].map((head) => head.textContent);
        return [...table.querySelectorAll('tbody tr')].map((row) => [
          row.cells[heads.indexOf('enough')].textContent,
          row.classList.contains('unreliable'),
          getComputedStyle(row.cells[heads.indexOf('pearson')]).textAlign,
          row.cells[heads.indexOf('adjusted p')].textContent])"""
    )
    assert {enough for enough, *_ in rows} == {"yes", "no"}
    for enough, grey, align, adjusted in rows:
        assert grey == (enough == "no") == (adjusted == "")
        assert align == "right"


def test_a_language_is_highlighted_in_all_figures_and_tables(page: Any) -> None:
    open_table(page, "trends")
    assert set(signals(page, "chosen")) == {""}
    choose(page, "language", "qac")
    assert set(signals(page, "chosen")) == {"qac"}
    assert column(page, "trends", "language") == ["Language qacqac"]
    opacities = page.execute_script(
        """return [...document.querySelectorAll('#signatures-0 svg .mark-symbol path')].map(
          (dot) => dot.getAttribute('opacity'))"""
    )
    assert opacities.count("0.15") == 7 * 4, "all but those of the language fade"
    page.find_element("tag name", "body").send_keys("\ue00c")  # Escape
    assert set(signals(page, "chosen")) == {""}
    assert len(column(page, "trends", "language")) == 8


def test_a_click_on_a_dot_highlights_its_language(page: Any) -> None:
    # The last dot is drawn on top of all others.
    *_, dot = page.find_elements("css selector", "#signatures-0 svg .mark-symbol path")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", dot)
    language = page.execute_script("return arguments[0].__data__.datum.language", dot)
    webdriver.ActionChains(page).move_to_element(dot).click().perform()
    wait(page, f"langsig.state.chosen === '{language}'")
    assert set(signals(page, "chosen")) == {language}


def test_a_category_is_chosen_for_all_figures_and_tables(page: Any) -> None:
    open_table(page, "average_signatures")
    choose(page, "category", "Case")
    assert set(signals(page, "category")) == {"Case"}
    assert set(column(page, "average_signatures", "category")) == {"Case"}
    page.execute_script(
        "document.querySelector('[data-table=average_signatures] input[type=checkbox]').click()"
    )
    assert len(set(column(page, "average_signatures", "category"))) == 3


def test_a_slider_chooses_the_layer_which_stays_when_the_theme_changes(
    page: Any,
) -> None:
    page.execute_script(
        """const slider = document.querySelector('#distances-0 input[type=range]');
        slider.value = 1; slider.dispatchEvent(new Event('input'));"""
    )
    layer = "langsig.drawn.get('distances-0').view.signal('layer')"
    wait(page, f"{layer} === 1")
    toggle(page)
    assert page.execute_script(f"return {layer}") == 1


def shown_text(browser: Any, figure: str) -> str:
    text: str = browser.execute_script(
        "return document.getElementById(arguments[0]).innerText", figure
    )
    return text


def choose_scope(browser: Any, figure: str, scope: str) -> None:
    browser.execute_script(
        """const menu = document.querySelector(`#${arguments[0]} select[name=scope]`);
        menu.value = arguments[1]; menu.dispatchEvent(new Event('input'));
        menu.dispatchEvent(new Event('change'));""",
        figure,
        scope,
    )
    wait(browser, f"langsig.drawn.get('{figure}').view.signal('scope') === '{scope}'")


def test_trees_and_distances_of_all_categories_are_chosen_in_their_figure(page: Any) -> None:
    for figure in ("distances-0", "distances-1", "trees-0", "trees-1"):
        assert "mean over all categories" in shown_text(page, figure)
        choose_scope(page, figure, "combined")
        scopes = page.execute_script(
            """const marks = [...document.querySelectorAll(`#${arguments[0]} svg.marks *`)];
            const scopes = marks.map((mark) => mark.__data__?.datum?.scope);
            return [...new Set(scopes.filter((scope) => scope !== undefined))];""",
            figure,
        )
        assert scopes == ["combined"], figure


def test_a_figure_without_data_for_the_category_says_so_and_keeps_its_menu(page: Any) -> None:
    page.execute_script("langsig.choose({category: 'Voice'})")
    for figure in ("signatures-0", "trees-0"):
        assert "No data for the category Voice." in shown_text(page, figure)
        drawing = f"document.querySelector('#{figure} svg.marks').getBoundingClientRect().height"
        assert page.execute_script(f"return {drawing}") == 0
    choose_scope(page, "trees-0", "combined")
    assert "No data" not in shown_text(page, "trees-0")
    assert page.execute_script(f"return {drawing}") > 50


def toggle(browser: Any) -> None:
    before = browser.execute_script("return [...langsig.drawn.values()].at(-1).view.signal('ink')")
    browser.find_element("id", "theme").click()
    wait(browser, f"[...langsig.drawn.values()].at(-1).view.signal('ink') !== '{before}'")


def test_themes_follow_the_system_and_the_toggle(page: Any, tmp_path: Path) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    light, inks = page.execute_script(background), set(signals(page, "ink"))
    page.save_screenshot(str(tmp_path / "light.png"))
    toggle(page)
    dark = page.execute_script(background)
    page.save_screenshot(str(tmp_path / "dark.png"))
    assert brightness(light) > 200 > 60 > brightness(dark)
    assert len(inks) == 1 and not inks & set(signals(page, "ink"))
    labels = page.execute_script(
        "return getComputedStyle(document.querySelector('#signatures-0 .role-axis text')).fill"
    )
    assert brightness(labels) > 120, "labels of axes are light on dark"
    toggle(page)
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    page.execute_script("delete document.documentElement.dataset.theme")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    assert page.execute_script(background) == dark
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def brightness(colour: str) -> float:
    channels = [float(part) for part in colour.strip("rgba()").split(",")[:3]]
    return sum(channels) / 3


def test_nothing_is_wider_than_a_phone(browser: Any, path: Path, tmp_path: Path) -> None:
    resize(browser, PHONE)
    opened(browser, path)
    for table in browser.find_elements("css selector", "details"):
        browser.execute_script("arguments[0].open = true", table)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
    browser.save_screenshot(str(tmp_path / "phone.png"))


def test_the_wheel_zooms_only_with_the_control_key(page: Any) -> None:
    domain = "langsig.drawn.get('signatures-0').view.scale('y').domain().join()"
    before = page.execute_script(f"return {domain}")
    wheel = """const svg = document.querySelector('#signatures-0 svg.marks');
        svg.scrollIntoView({block: 'center'});
        const {x, y, width, height} = svg.getBoundingClientRect();
        const point = {clientX: x + width / 2, clientY: y + height / 2};
        const target = document.elementFromPoint(point.clientX, point.clientY);
        const event = new WheelEvent('wheel', {
          ...point, deltaY: -300, ctrlKey: arguments[0], bubbles: true, cancelable: true});
        target.dispatchEvent(event);
        return event.defaultPrevented;"""
    assert not page.execute_script(wheel, False), "the page itself scrolls"
    run = "langsig.drawn.get('signatures-0').view.runAsync().then(() => arguments[0]())"
    page.execute_async_script(run)
    assert page.execute_script(f"return {domain}") == before
    page.execute_script(wheel, True)
    wait(page, f"{domain} !== '{before}'")


def test_a_figure_is_enlarged_and_restored(page: Any) -> None:
    height = "document.querySelector('#trends-0 svg.marks').clientHeight"
    before = page.execute_script(f"return {height}")
    button = "document.querySelector('#trends-0 .enlarge').click()"
    page.execute_script(button)
    wait(page, f"{height} > {before} + 100")
    page.find_element("tag name", "body").send_keys("\ue00c")
    wait(page, f"{height} === {before}")
