// The page: which dashboard, which range, and keeping it up to date.

import { question, ranges, read, write } from "./address.js";
import { clock, count, length, moment } from "./format.js";
import { Card } from "./panel.js";
import { element } from "./look.js";

const every = 5000; // ms between an answer and the next question
const patience = 30000; // ms for an answer

const $ = (id) => document.getElementById(id);
const state = { at: read(location.search), list: [], runs: [], paused: false, cards: new Map(), timer: 0, asking: null };

class Refused extends Error {
  constructor(message, hint) { super(message); this.hint = hint; }
}

async function ask(path, signal) {
  const signals = [AbortSignal.timeout(patience)];
  if (signal) signals.push(signal);
  const response = await fetch(path, { signal: AbortSignal.any(signals), headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Refused(body.error?.message ?? response.statusText, body.error?.hint);
  return body;
}

const currentRun = () => state.runs.find((r) => r.id === state.at.run);

// go shows something else; back leads to what was shown before.
function go(at, replace) {
  const other = at.dashboard !== state.at.dashboard;
  state.at = at;
  history[replace ? "replaceState" : "pushState"](null, "", write(at));
  if (other) clear();
  fillControls();
  refresh();
}

function clear() {
  state.cards.forEach((card) => card.chart?.clear());
  state.cards.clear();
  $("grid").replaceChildren();
  scrollTo(0, 0);
}

// link is the address of a dashboard, for the same time and run.
const link = (dashboard, only) => write({ ...state.at, dashboard, only: { ...state.at.only, ...only } });

const zoom = (from, to) => go({ ...state.at, range: "chosen", from, to });

function fillControls() {
  const runs = state.runs.map((r) => [r.id, `${r.id} (${count(r.requests)})`]);
  const { run, range } = state.at;
  if (run && !currentRun()) runs.push([run, run]);
  options($("run"), [["", "All traffic"], ...runs], run);
  const more = [...(run ? [["run", "Whole run"]] : []), ...ranges];
  if (range === "chosen") more.push(["chosen", `${moment(state.at.from)} – ${clock(state.at.to)}`]);
  options($("range"), more, range);
  $("dashboards").replaceChildren(...state.list.map((d) => {
    const a = element("a", "", d.title);
    a.href = link(d.id, {});
    a.title = d.purpose;
    if (d.id === state.at.dashboard) a.setAttribute("aria-current", "page");
    return a;
  }));
}

function options(select, entries, chosen) {
  const key = JSON.stringify(entries);
  if (select.dataset.entries !== key) {
    select.dataset.entries = key;
    select.replaceChildren(...entries.map(([id, text]) => {
      const o = element("option", "", text);
      o.value = id;
      return o;
    }));
  }
  select.value = chosen;
}

function draw(view) {
  document.title = `${view.title} · Plumbline`;
  $("title").textContent = view.title;
  $("purpose").textContent = view.purpose;
  narrowed(view.only);
  $("next").replaceChildren(...view.next.map((next) => {
    const item = element("li");
    const a = element("a");
    a.href = link(next.id, {});
    a.append(element("b", "", next.title), element("span", "", next.purpose));
    item.append(a);
    return item;
  }));
  for (const panel of view.panels) {
    let card = state.cards.get(panel.id);
    if (!card) {
      card = new Card(panel, link, zoom);
      state.cards.set(panel.id, card);
      $("grid").append(card.node);
    }
    card.update(panel, [view.fromMs, view.toMs]);
  }
  const broken = view.panels.filter((p) => p.problem).length;
  status(broken ? "bad" : state.paused ? "paused" : "live",
    `${state.paused ? "Paused" : "Live"} · ${moment(view.fromMs)} – ${clock(view.toMs)}` +
    (broken ? ` · ${broken} of ${view.panels.length} panels without an answer` : ` · updated ${clock(view.answeredMs)}`));
}

// narrowed shows what the dashboard is narrowed to, each with a button to undo it.
function narrowed(only) {
  const entries = Object.entries(only ?? {});
  $("only").hidden = entries.length === 0;
  const key = JSON.stringify(entries);
  if ($("only").dataset.entries === key) return;
  $("only").dataset.entries = key;
  $("only").replaceChildren(...entries.map(([field, value]) => {
    const item = element("li");
    const button = element("button", "", `${field} is ${value}`);
    button.type = "button";
    button.title = "show all again";
    button.addEventListener("click", () => {
      const { [field]: _, ...rest } = state.at.only;
      go({ ...state.at, only: rest });
    });
    item.append(button);
    return item;
  }));
}

function status(kind, text) {
  document.body.dataset.state = kind;
  $("state").textContent = text;
}

function banner(message, hint) {
  const b = $("banner");
  b.hidden = !message;
  b.replaceChildren();
  if (!message) return;
  b.append(element("strong", "", message));
  if (hint) b.append(" ", hint);
}

async function refresh() {
  clearTimeout(state.timer);
  state.asking?.abort();
  const asking = (state.asking = new AbortController());
  $("panels").setAttribute("aria-busy", "true");
  try {
    await refreshRuns(asking.signal);
    const view = await ask(`/api/dashboards/${encodeURIComponent(state.at.dashboard)}?${question(state.at, currentRun())}`, asking.signal);
    if (asking.signal.aborted) return;
    banner("");
    draw(view);
  } catch (error) {
    if (asking.signal.aborted) return;
    if (error instanceof Refused) banner(error.message, error.hint);
    else banner("The board itself does not answer.", `Was it stopped? Trying again every ${length(every)}.`);
    status("bad", "Not up to date");
  }
  $("panels").setAttribute("aria-busy", "false");
  schedule();
}

function schedule() {
  clearTimeout(state.timer);
  if (!state.paused && !document.hidden) state.timer = setTimeout(refresh, every);
}

let runsAsked = 0;

// refreshRuns fetches the list of runs now and then; when Elasticsearch does
// not give it, the panels say why.
async function refreshRuns(signal) {
  if (Date.now() - runsAsked < 15000) return;
  const { runs, problem } = await ask("/api/runs", signal);
  if (!problem) {
    state.runs = runs;
    runsAsked = Date.now();
  }
  fillControls();
}

function choose() {
  const at = { ...state.at, run: $("run").value, range: $("range").value };
  if (at.run !== state.at.run) at.range = at.run ? "run" : state.at.range === "run" ? "15m" : state.at.range;
  go(at);
}

function pause() {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", String(state.paused));
  $("pause").textContent = state.paused ? "Resume" : "Pause";
  if (state.paused) {
    clearTimeout(state.timer);
    status("paused", $("state").textContent.replace(/^Live/, "Paused"));
  } else refresh();
}

// keys are for those who do not reach for the mouse.
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("select, input, pre")) return;
  const place = Number(event.key);
  if (place >= 1 && place <= state.list.length) go({ ...state.at, dashboard: state.list[place - 1].id });
  else if (event.key === "p") pause();
  else if (event.key === "r") refresh();
  else if (event.key === "u" && state.at.range === "chosen") go({ ...state.at, range: state.at.run ? "run" : "15m", from: null, to: null });
}

// followed takes a link within the page without loading it anew.
function followed(event) {
  const a = event.target.closest("a[href^='?']");
  if (!a || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(read(a.search));
}

async function start() {
  fillControls();
  $("run").addEventListener("change", choose);
  $("range").addEventListener("change", choose);
  $("pause").addEventListener("click", pause);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", followed);
  document.addEventListener("keydown", pressed);
  addEventListener("popstate", () => go(read(location.search), true));
  $("zone").textContent = `Times are in ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(state.timer) : state.paused || refresh()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.cards.forEach((card) => card.redraw()));
  await listDashboards();
  fillControls();
  refresh();
}

// listDashboards settles which dashboard to draw, however long it takes.
async function listDashboards() {
  for (;;) {
    try {
      state.list = await ask("/api/dashboards");
      if (!state.list.some((d) => d.id === state.at.dashboard)) state.at.dashboard = state.list[0].id;
      banner("");
      return;
    } catch (error) {
      banner(error instanceof Refused ? error.message : "The board itself does not answer.", `Trying again every ${length(every)}.`);
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  }
}

start();
