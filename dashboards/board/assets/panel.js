// One card per panel: what it is, its answer, and on demand its query.

import { Chart } from "./chart.js";
import { count, length, parts, value } from "./format.js";
import { drawDocuments } from "./documents.js";
import { drawHeatmap } from "./heatmap.js";
import { colour, element, verdict } from "./look.js";

export class Card {
  // link makes an address of a dashboard and fields to narrow it by; zoom is told
  // which time to look at.
  constructor(panel, link, zoom) {
    this.link = link;
    this.zoom = zoom;
    const heading = `panel-${panel.id}`;
    this.node = element("section", `card ${panel.kind}`);
    this.node.id = panel.id;
    this.node.setAttribute("aria-labelledby", heading);
    this.node.style.setProperty("--width", panel.width);
    const title = element("h2", "", panel.title);
    title.id = heading;
    this.body = element("div", "body");
    this.note = element("p", "note");
    this.node.append(title, element("p", "purpose", panel.purpose), this.body, this.note, this.details(panel));
    this.drawers = { stat: drawStat, bars: drawBars, table: drawTable, heatmap: drawHeatmap, lines: drawDocuments };
    if (panel.kind === "note") {
      this.body.append(...panel.text.split("\n\n").map((text) => element("p", "", text)));
      this.node.dataset.state = "drawn";
      this.node.querySelector("details").remove();
      return;
    }
    this.say("loading", "Loading…");
  }

  details(panel) {
    const d = element("details");
    this.query = this.question(panel, "Elasticsearch");
    this.promql = this.question(panel, "Prometheus");
    d.append(element("summary", "", "Query"), element("p", "advice", panel.advice), this.query.node, this.promql.node);
    return d;
  }

  // question is the place for what one of the two servers is asked.
  question(panel, server) {
    const node = element("div", "question");
    const copy = element("button", "copy", "Copy");
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy what ${panel.title} asks ${server}`);
    const text = element("pre");
    text.tabIndex = 0;
    text.setAttribute("aria-label", `Query of ${panel.title} to ${server}`);
    const where = element("p", "where");
    copy.addEventListener("click", () => this.copy(copy, text));
    const head = element("div", "queryhead");
    head.append(where, copy);
    node.append(head, text);
    node.hidden = true;
    return { node, say: (to, words) => {
      node.hidden = !words;
      where.textContent = to;
      if (text.textContent !== words) text.textContent = words;
    } };
  }

  async copy(button, text) {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected: press Ctrl-C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // say shows words in place of the drawing.
  say(state, message, hint) {
    this.node.dataset.state = state;
    this.chart?.clear();
    this.chart = null;
    const box = element("div", "says");
    box.append(element("p", "", message));
    if (hint) box.append(element("p", "hint", hint));
    this.body.replaceChildren(box);
    this.note.textContent = "";
  }

  update(panel, range) {
    if (panel.kind === "note") return;
    if (panel.query) {
      this.query.say(`GET ${panel.index}/_search`, panel.query);
      this.promql.say("The same in Prometheus", (panel.promql ?? []).map((q) => `# ${q.label}\n${q.expr}`).join("\n\n"));
    }
    if (panel.problem) return this.say("problem", panel.problem.message, panel.problem.hint);
    if (panel.absent) return this.say("empty", "No data yet", panel.quiet || `Nothing was ever written to ${panel.index}.`);
    if (!panel.result.shows) return this.say("empty", "No data in this range", panel.quiet);
    const drawn = this.node.dataset.state === "drawn";
    this.node.dataset.state = "drawn";
    this.note.textContent = panel.result.other > 0
      ? `${count(panel.result.other)} more documents in groups that are not listed.` : "";
    if (panel.kind === "time-series") {
      if (!drawn || !this.chart) {
        this.body.replaceChildren();
        this.chart = new Chart(this.body, this.zoom);
      }
      this.chart.update(panel, range);
    } else {
      this.drawers[panel.kind](this.body, panel, range, this.link);
    }
  }

  redraw() { this.chart?.redraw(); }
}

function drawStat(body, panel, range) {
  const row = panel.result.rows[0];
  const measure = panel.measures[0];
  const [number, unit] = parts(row.values[0], measure.unit);
  const big = element("p", "big", number);
  if (unit) big.append(element("span", "unit", unit));
  const stands = verdict(row.values[0], panel.limits);
  if (stands) big.classList.add(stands);
  const children = [big];
  if (measure.op === "count") children.push(element("p", "of", `in ${length(range[1] - range[0])}`));
  if (["ratio", "left", "burn"].includes(measure.op)) children.push(element("p", "of", `${count(row.parts[0])} of ${count(row.count)}`));
  if (measure.op === "percentile") children.push(element("p", "of", `of ${count(row.count)}`));
  if (["max", "mean", "sum", "last"].includes(measure.op)) children.push(element("p", "of", `in ${count(row.count)} documents`));
  if (measure.op === "increase") children.push(element("p", "of", `in ${length(range[1] - range[0])}`));
  body.replaceChildren(...children);
}

// named is a group's name, a link if it leads somewhere.
function named(tag, panel, key, link) {
  const name = element(tag, "name");
  if (!panel.drill || !key) {
    name.textContent = key || "(none)";
    return name;
  }
  const a = element("a", "", key);
  a.href = link(panel.drill.dashboard, { [panel.drill.field]: key });
  name.append(a);
  return name;
}

function drawBars(body, panel, range, link) {
  const rows = panel.show ? panel.result.rows.slice(0, panel.show) : panel.result.rows;
  const top = Math.max(...rows.map((r) => r.values[0] ?? 0));
  const list = element("ul", "barlist");
  for (const row of rows) {
    const item = element("li");
    const fill = element("span", "fill");
    fill.classList.toggle("nothing", !row.values[0]);
    fill.style.width = top > 0 ? `${(100 * (row.values[0] ?? 0)) / top}%` : "0";
    const stands = verdict(row.values[0], panel.limits);
    fill.style.background = `var(${stands ? (stands === "bad" ? "--status-5" : "--status-4") : colour(row.key)})`;
    const track = element("span", "track");
    track.setAttribute("aria-hidden", "true");
    track.append(fill);
    item.append(named("span", panel, row.key, link), track, element("span", "number", value(row.values[0], panel.measures[0].unit)));
    list.append(item);
  }
  const children = [list];
  if (rows.length < panel.result.rows.length) {
    children.push(element("p", "of", `The first ${rows.length} of ${panel.result.rows.length}; the table lists all.`));
  }
  body.replaceChildren(...children);
}

function drawTable(body, panel, range, link) {
  const table = element("table");
  const head = element("tr");
  head.append(header(panel.by, "col"), ...panel.measures.map((m) => header(m.label, "col")));
  const rows = panel.result.rows.map((row) => {
    const tr = element("tr");
    const th = named("th", panel, row.key, link);
    th.scope = "row";
    tr.append(th, ...panel.measures.map((m, i) => {
      const td = element("td", "", value(row.values[i], m.unit));
      if (["ratio", "burn"].includes(m.op) && row.parts[i] > 0) td.className = "bad";
      return td;
    }));
    return tr;
  });
  const thead = element("thead");
  thead.append(head);
  const tbody = element("tbody");
  tbody.append(...rows);
  table.append(thead, tbody);
  const scroll = element("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", panel.title);
  scroll.append(table);
  const left = body.querySelector(".scroll")?.scrollLeft ?? 0;
  body.replaceChildren(scroll);
  scroll.scrollLeft = left;
}

function header(text, scope) {
  const th = element("th", "", text);
  th.scope = scope;
  return th;
}
