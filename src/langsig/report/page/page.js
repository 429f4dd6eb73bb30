"use strict";
// Draws the figures and tables of the page, and shows one language and category in all of them.
// Text from data enters the document as text only, never as HTML.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const languages = new Map(page.languages.map((row) => [row.language, row]));
  const state = { chosen: "", category: page.categories[0] ?? "" };
  const drawn = new Map(); // results of vegaEmbed by figure
  const sets = new Map();
  const tables = [];
  const MOST_ROWS = 200;
  const root = document.documentElement;

  // Rows from columns. A column of text is a list of distinct values and an index for each row.
  function rowsOf(name) {
    if (!sets.has(name)) {
      const columns = Object.entries(page.sets[name]).map(([key, column]) =>
        Array.isArray(column)
          ? [key, column]
          : [key, column.codes.map((code) => (code < 0 ? null : column.values[code]))],
      );
      const count = columns.length ? columns[0][1].length : 0;
      const row = (index) => Object.fromEntries(columns.map(([key, all]) => [key, all[index]]));
      sets.set(name, Array.from({ length: count }, (_, index) => row(index)));
    }
    return sets.get(name);
  }

  // A copy of a row with the name and family of its language. Vega adds its own fields to it.
  function withLanguage(row) {
    const { label, name, family, genus, group } = languages.get(row.language) ?? {};
    const other = languages.get(row.other);
    return {
      ...row,
      ...(label && { label, name, family, genus, group }),
      ...(other && { other_label: other.label, other_name: other.name }),
    };
  }

  function element(tag, properties = {}, ...children) {
    const created = Object.assign(document.createElement(tag), properties);
    created.append(...children);
    return created;
  }

  // ---- figures

  function colourOf(variable) {
    const probe = element("span");
    probe.style.color = `var(--${variable})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  function theme() {
    const [ink, muted, line, faint, paper] = ["ink", "muted", "line", "faint", "paper"].map(colourOf);
    const text = { labelColor: muted, titleColor: muted, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" };
    return {
      parameters: { ink, faint },
      config: {
        background: null,
        font: getComputedStyle(document.body).fontFamily,
        view: { stroke: null },
        axis: { ...text, domainColor: line, tickColor: line, gridColor: faint, labelLimit: 170 },
        legend: { ...text, symbolStrokeWidth: 0 },
        rect: { stroke: paper, strokeWidth: 1 },
      },
    };
  }

  function namesOfData(part, names = new Set()) {
    if (part && typeof part === "object") {
      if (part.data?.name) names.add(part.data.name);
      Object.values(part).forEach((inner) => namesOfData(inner, names));
    }
    return names;
  }

  async function draw(key, { config, parameters }) {
    const spec = structuredClone(page.figures[key]);
    const before = drawn.get(key);
    const names = [...namesOfData(spec)];
    spec.datasets = Object.fromEntries(names.map((name) => [name, rowsOf(name).map(withLanguage)]));
    for (const parameter of spec.params) {
      const set = { ...state, ...parameters, failed: page.failedLayers };
      if (parameter.name in set) parameter.value = set[parameter.name];
      else if (before && parameter.bind) parameter.value = before.view.signal(parameter.name);
    }
    before?.finalize();
    const box = document.querySelector(`#${CSS.escape(key)} .chart`);
    const actions = { export: true, source: false, compiled: false, editor: false };
    const options = { ast: true, renderer: "svg", config, actions, tooltip: { theme: "custom" } };
    const result = await vegaEmbed(box, spec, options);
    result.view.addEventListener("click", (_, item) => {
      const language = item?.opacity === 0 ? null : item?.datum?.language;
      if (languages.has(language)) choose({ chosen: language === state.chosen ? "" : language });
    });
    drawn.set(key, result);
    if (spec.usermeta.byScope) result.view.addSignalListener("scope", () => noteWhereEmpty(key));
    noteWhereEmpty(key);
  }

  // Hides a figure that has no data for the chosen category, but not its menus.
  function noteWhereEmpty(key) {
    const { data, usermeta } = page.figures[key];
    if (!usermeta.byCategory) return;
    const scope = usermeta.byScope ? drawn.get(key).view.signal("scope") : "category";
    const hasCategory = rowsOf(data.name).some((row) => row.category === state.category);
    const empty = scope === "category" && !hasCategory;
    const figure = document.getElementById(key);
    figure.querySelector(".none")?.remove();
    figure.classList.toggle("empty", empty);
    const note = `No data for the category ${state.category}.`;
    if (empty) figure.append(element("p", { className: "none", textContent: note }));
  }

  async function drawAll() {
    const look = theme();
    for (const key of Object.keys(page.figures)) await draw(key, look);
  }

  function enlarge(figure, large) {
    const { view } = drawn.get(figure.id);
    const { height } = page.figures[figure.id];
    figure.classList.toggle("large", large);
    document.body.style.overflow = large ? "hidden" : "";
    view.height(large ? Math.max(height, window.innerHeight - 230) : height);
    window.dispatchEvent(new Event("resize"));
  }

  // ---- tables

  const MINUS = /^-/;

  // All numbers of a column have the decimals that give its largest number four digits.
  function formatOf(values) {
    const largest = Math.max(...values.map((value) => Math.abs(value ?? 0)), Number.MIN_VALUE);
    const decimals = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(largest))));
    const digits = values.every((value) => value === null || Number.isInteger(value)) ? 0 : decimals;
    return new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  function shown(value, column) {
    if (value === null) return "";
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (typeof value !== "number") return value;
    if (column.p) return value < 0.001 ? "< .001" : value.toFixed(3);
    const text = column.format.format(value);
    const vanished = value !== 0 && Number(text.replaceAll(",", "")) === 0;
    return (vanished ? value.toPrecision(2) : text).replace(MINUS, "−");
  }

  function columnsOf(name) {
    return Object.entries(page.sets[name]).map(([key, values]) => {
      const number = Array.isArray(values) && values.every((value) => typeof value !== "boolean");
      const title = key.replace(/p_adjusted$/, "adjusted p").replaceAll("_", " ");
      const p = /(^|_)p(_adjusted)?$/.test(key);
      return { key, title, number, p, format: number ? formatOf(values) : null };
    });
  }

  function compare(a, b) {
    if (a === null || b === null) return (a === null) - (b === null);
    return typeof a === "string" ? a.localeCompare(b) : a - b;
  }

  class SortableTable {
    constructor(details) {
      this.details = details;
      this.name = details.dataset.table;
      this.columns = columnsOf(this.name);
      this.sorted = { key: null, sign: 1 };
      this.allCategories = element("input", { type: "checkbox", onchange: () => this.fill() });
      this.more = element("button", { type: "button", onclick: () => this.fill(Infinity) });
      this.body = element("tbody");
      this.heads = this.columns.map((column) => {
        const button = element("button", { type: "button", textContent: column.title });
        button.onclick = () => this.sort(column.key);
        return element("th", { scope: "col", className: column.number ? "number" : "" }, button);
      });
      const head = element("thead", {}, element("tr", {}, ...this.heads));
      details.querySelector(".scroll").append(element("table", {}, head, this.body));
      const tools = element("div", { className: "tools" });
      if ("category" in page.sets[this.name]) {
        tools.append(element("label", {}, this.allCategories, " all categories"));
      }
      tools.append(this.more);
      details.append(tools);
      details.addEventListener("toggle", () => this.fill());
      this.sort(null);
    }

    sort(key) {
      const again = key !== null && this.sorted.key === key && this.sorted.sign === 1;
      this.sorted = { key, sign: again ? -1 : 1 };
      this.heads.forEach((head, index) => {
        const sorted = this.columns[index].key === key;
        head.ariaSort = sorted ? (again ? "descending" : "ascending") : "none";
      });
      this.fill();
    }

    rows() {
      const { key, sign } = this.sorted;
      const { chosen, category } = state;
      const kept = rowsOf(this.name).filter(
        (row) =>
          (!chosen || !("language" in row) || row.language === chosen || row.other === chosen) &&
          // Rows without a category are about all categories.
          (this.allCategories.checked || (row.category ?? category) === category),
      );
      const missingLast = (a, b) =>
        a[key] === null || b[key] === null ? compare(a[key], b[key]) : sign * compare(a[key], b[key]);
      return key === null ? kept : kept.sort(missingLast);
    }

    fill(most = MOST_ROWS) {
      const rows = this.rows();
      const total = rowsOf(this.name).length;
      const count = rows.length === total ? `${total}` : `${rows.length} of ${total}`;
      this.details.querySelector(".count").textContent = `${count} rows`;
      if (!this.details.open) return;
      this.more.hidden = rows.length <= most;
      this.more.textContent = `Show all ${rows.length} rows`;
      this.body.replaceChildren(...rows.slice(0, most).map((row) => this.line(row)));
    }

    line(row) {
      const cells = this.columns.map((column) => {
        const value = row[column.key];
        const cell = element("td", { className: column.number ? "number" : "text" });
        const known = ["language", "other"].includes(column.key) && languages.get(value);
        if (known && known.name !== known.label) {
          cell.append(known.name, element("small", { textContent: known.label }));
        } else {
          cell.textContent = known ? known.label : shown(value, column);
          if (column.key === "layer" && page.failedLayers[row.category]?.includes(value)) {
            cell.append("*");
          }
        }
        return cell;
      });
      const line = element("tr", {}, ...cells);
      line.classList.toggle("unreliable", row.enough === false || row.learnt === false);
      line.classList.toggle("chosen", Boolean(state.chosen));
      return line;
    }
  }

  // ---- controls of the whole page

  function choose(change) {
    Object.assign(state, change);
    document.getElementById("language").value = state.chosen;
    document.getElementById("category").value = state.category;
    tables.forEach((table) => table.fill());
    for (const [key, { view }] of drawn) {
      view.signal("chosen", state.chosen).signal("category", state.category).runAsync();
      noteWhereEmpty(key);
    }
  }

  function fillControls() {
    const option = (value, textContent) => element("option", { value, textContent });
    const language = document.getElementById("language");
    language.append(option("", "all languages"));
    const byName = [...page.languages].sort((a, b) => a.name.localeCompare(b.name));
    byName.forEach((row) => language.append(option(row.language, row.name)));
    language.onchange = () => choose({ chosen: language.value });
    const category = document.getElementById("category");
    page.categories.forEach((name) =>
      category.append(option(name, name === page.allWords ? `All words (${name})` : name)),
    );
    category.onchange = () => choose({ category: category.value });
    category.parentElement.hidden = page.categories.length < 2;
  }

  function fillKeys() {
    const groups = Object.entries(page.colours);
    for (const key of document.querySelectorAll(".key")) {
      key.hidden = groups.length < 2;
      for (const [group, colour] of groups) {
        const item = element("li", { textContent: group });
        item.style.setProperty("--swatch", colour);
        key.append(item);
      }
    }
  }

  function watchTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const button = document.getElementById("theme");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const label = () =>
      button.replaceChildren(
        dark() ? "☀" : "☾",
        element("span", { textContent: dark() ? " Light" : " Dark" }),
      );
    button.onclick = async () => {
      root.dataset.theme = dark() ? "light" : "dark";
      label();
      await drawAll();
    };
    system.onchange = async () => {
      label();
      await drawAll();
    };
    label();
  }

  function addEnlargeButtons() {
    for (const figure of document.querySelectorAll("figure")) {
      const button = element("button", { type: "button", className: "enlarge", textContent: "⤢" });
      button.ariaLabel = "Enlarge or restore this figure";
      button.onclick = () => enlarge(figure, !figure.classList.contains("large"));
      figure.append(button);
    }
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const large = document.querySelector("figure.large");
      if (large) enlarge(large, false);
      else choose({ chosen: "" });
    });
  }

  async function start() {
    fillControls();
    fillKeys();
    watchTheme();
    addEnlargeButtons();
    for (const details of document.querySelectorAll(".table")) {
      tables.push(new SortableTable(details));
    }
    const first = document.querySelector("#overview details");
    if (first) first.open = true;
    await drawAll();
    root.dataset.ready = "yes";
  }

  window.langsig = { page, state, drawn, choose }; // for use in the console
  start();
})();
