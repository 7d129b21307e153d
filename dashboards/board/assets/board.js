// The page: which dashboard, which range, and keeping it up to date.

import { clock, count, length, moment } from "./format.js";
import { Card } from "./panel.js";
import { element } from "./look.js";

const every = 5000; // ms between an answer and the next question
const patience = 30000; // ms for an answer
const ranges = [["5m", "Last 5 minutes"], ["15m", "Last 15 minutes"], ["1h", "Last hour"]];

const $ = (id) => document.getElementById(id);
const state = { dashboard: null, range: "15m", run: "", runs: [], paused: false, cards: new Map(), timer: 0, asking: null };

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

function readAddress() {
  const q = new URLSearchParams(location.search);
  state.run = q.get("run") ?? "";
  state.dashboard = q.get("dashboard");
  state.range = q.get("range") ?? (state.run ? "run" : "15m");
  if (state.range !== "run" && !ranges.some(([id]) => id === state.range)) state.range = "15m";
  if (!state.run && state.range === "run") state.range = "15m";
}

function writeAddress() {
  const q = new URLSearchParams(location.search);
  q.set("range", state.range);
  state.run ? q.set("run", state.run) : q.delete("run");
  history.replaceState(null, "", "?" + q);
}

const currentRun = () => state.runs.find((r) => r.id === state.run);

// A live range ends now; so does a whole run while its documents still come.
function bounds() {
  const run = currentRun();
  if (state.range === "run" && run) {
    const over = Date.now() - run.lastMs > 20000;
    return { from: run.firstMs, to: over ? Math.max(run.lastMs + 1, run.firstMs + 1000) : "now" };
  }
  return { from: "now-" + (state.range === "run" ? "1h" : state.range), to: "now" };
}

function fillControls() {
  const runs = state.runs.map((r) => [r.id, `${r.id} (${count(r.requests)})`]);
  if (state.run && !currentRun()) runs.push([state.run, state.run]);
  options($("run"), [["", "All traffic"], ...runs], state.run);
  options($("range"), state.run ? [["run", "Whole run"], ...ranges] : ranges, state.range);
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
  for (const panel of view.panels) {
    let card = state.cards.get(panel.id);
    if (!card) {
      card = new Card(panel);
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
    const { from, to } = bounds();
    const q = new URLSearchParams({ from, to });
    if (state.run) q.set("run", state.run);
    const view = await ask(`/api/dashboards/${encodeURIComponent(state.dashboard)}?${q}`, asking.signal);
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
  const run = $("run").value;
  if (run !== state.run) state.range = run ? "run" : state.range === "run" ? "15m" : state.range;
  else state.range = $("range").value;
  state.run = run;
  fillControls();
  writeAddress();
  refresh();
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

async function start() {
  readAddress();
  fillControls();
  $("run").addEventListener("change", choose);
  $("range").addEventListener("change", choose);
  $("pause").addEventListener("click", pause);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("zone").textContent = `Times are in ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(state.timer) : state.paused || refresh()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.cards.forEach((card) => card.redraw()));
  await firstDashboard();
  refresh();
}

// firstDashboard settles which dashboard to draw, however long it takes.
async function firstDashboard() {
  for (;;) {
    try {
      const list = await ask("/api/dashboards");
      state.dashboard = list.some((d) => d.id === state.dashboard) ? state.dashboard : list[0].id;
      banner("");
      return;
    } catch (error) {
      banner(error instanceof Refused ? error.message : "The board itself does not answer.", `Trying again every ${length(every)}.`);
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  }
}

start();
