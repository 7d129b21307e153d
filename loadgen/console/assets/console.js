"use strict";
const $ = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const rate = (n) => n < 100 ? n.toFixed(1).replace(/\.0$/, "") : whole.format(n);
let latest = null, armed = 0, failures = 0;

// wait writes nanoseconds with three digits or so.
function wait(ns) {
  if (ns === 0) return "0";
  if (ns >= 1e10) return (ns / 1e9).toFixed(0) + " s";
  if (ns >= 1e9) return (ns / 1e9).toFixed(2) + " s";
  if (ns >= 1e8) return (ns / 1e6).toFixed(0) + " ms";
  if (ns >= 1e7) return (ns / 1e6).toFixed(1) + " ms";
  return (ns / 1e6).toFixed(2) + " ms";
}

function show(s) {
  latest = s;
  document.body.dataset.phase = s.phase;
  document.title = `${rate(s.rate_achieved)}/s · loadgen`;
  $("phase").textContent = s.phase;
  $("run").textContent = s.run.run;
  $("target").textContent = s.run.target;
  $("course").value = Math.min(1, s.elapsed / s.run.duration);
  $("elapsed").textContent = `${clock(Math.min(s.elapsed, s.run.duration) / 1e9)} of ${clock(s.run.duration / 1e9)}`;
  $("achieved").textContent = rate(s.rate_achieved) + "/s";
  $("wanted").textContent = s.run.rate ? `wanted ${rate(s.rate_wanted)}/s` : "the target decides";
  $("sent").textContent = whole.format(s.sent);
  $("planned").textContent = s.planned ? `schedule: ${whole.format(s.planned)}` : "";
  $("inflight").textContent = whole.format(s.in_flight);
  $("dropped").textContent = `${whole.format(s.outcomes.dropped || 0)} dropped`;
  const errors = s.unexpected + s.no_answer;
  $("errors").textContent = whole.format(errors);
  $("errorbox").className = errors ? "bad" : "";
  const kinds = ["timeout", "reset", "refused"].filter((k) => s.outcomes[k]).map((k) => `${whole.format(s.outcomes[k])} ${k}`);
  if (s.unexpected) kinds.unshift(`${whole.format(s.unexpected)} unexpected`);
  $("errorkinds").textContent = kinds.join(", ") || "none";
  $("p99").textContent = s.latency_recent.count ? wait(s.latency_recent.p99) : "–";
  $("p50").textContent = s.latency_recent.count ? `p50 ${wait(s.latency_recent.p50)}, p95 ${wait(s.latency_recent.p95)}` : "";
  $("run99").textContent = s.latency.count ? wait(s.latency.p99) : "–";
  $("run50").textContent = s.latency.count ? `p50 ${wait(s.latency.p50)}, p95 ${wait(s.latency.p95)}` : "";
  table(s);
  plots(s);
  controls(s);
}

function table(s) {
  $("journeys").replaceChildren(...(s.journeys || []).map((j) => {
    const row = document.createElement("tr");
    for (const cell of [j.name, ...[j.sent, j.unexpected, j.no_answer, j.dropped].map((n) => whole.format(n))]) {
      row.insertCell().textContent = cell;
    }
    return row;
  }));
  $("statuses").replaceChildren(...Object.entries(s.statuses).map(([code, n]) => {
    const chip = document.createElement("span");
    chip.textContent = `${code} × ${whole.format(n)}`;
    return chip;
  }));
}

function plots(s) {
  const points = s.history || [], times = points.map((p) => p.at / 1e9);
  const line = (name, key) => ({ name, values: points.map((p) => p[key]) });
  const rates = [line("sent", "sent"), line("errors", "errors")];
  if (s.run.rate) rates.unshift(line("wanted", "wanted"));
  plot($("rates"), times, rates, rate);
  plot($("waits"), times, ["p50", "p95", "p99"].map((key) => ({ name: key, values: points.map((p) => p[key] || null) })),
    (ns) => wait(ns).replace(/(\.\d*?)0+ /, "$1 ").replace(". ", " "));
  const last = points[points.length - 1];
  if (last) {
    $("rates").setAttribute("aria-label", `requests per second, last: sent ${rate(last.sent)}, errors ${rate(last.errors)}`);
    $("waits").setAttribute("aria-label", `latency, last second: p50 ${wait(last.p50)}, p99 ${wait(last.p99)}`);
  }
}

function controls(s) {
  $("rateform").hidden = s.factor === undefined && s.run.rate === 0;
  if (!$("rateform").contains(document.activeElement)) setFactor(s.factor || 0);
  $("hold").textContent = s.phase === "paused" ? "resume" : "pause";
  $("mixform").hidden = $("setmix").hidden = !s.mix;
  if (s.mix && !$("mixform").contains(document.activeElement)) mix(s.mix);
  $("fixed").hidden = s.run.rate !== 0;
  $("fixed").textContent = "The closed model: how much is asked is up to the target.";
  if (Date.now() > armed) $("stop").textContent = "stop the run";
  disable(s.phase === "draining");
}

function disable(over) {
  for (const c of document.querySelectorAll("button, input")) c.disabled = over;
}

function mix(shares) {
  const sum = shares.reduce((n, m) => n + m.weight, 0);
  $("mixform").replaceChildren(...shares.map((m) => {
    const label = document.createElement("label"), part = document.createElement("span"), input = document.createElement("input");
    part.className = "quiet";
    part.textContent = `${(100 * m.weight / sum).toFixed(0)} % of visits`;
    Object.assign(input, { type: "number", min: 0, step: 1, value: m.weight, name: m.journey });
    label.append(m.journey, part, input);
    return label;
  }));
}

function setFactor(f) {
  $("factor").value = +f.toPrecision(3);
  $("slider").value = Math.log10(Math.max(f, 0.01));
}

function complain(text) {
  $("banner").hidden = !text;
  $("banner").textContent = text;
}

async function ask(url, options) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000), ...options });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error), { told: true });
  return body;
}

async function steer(control) {
  try {
    show(await ask("control", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(control) }));
    complain("");
  } catch (e) {
    complain(e.told ? e.message : "the run does not answer");
  }
}

$("slider").addEventListener("input", () => { $("factor").value = +(10 ** $("slider").value).toPrecision(2); });
$("slider").addEventListener("change", () => steer({ factor: +$("factor").value }));
$("rateform").addEventListener("submit", (e) => { e.preventDefault(); document.activeElement.blur(); steer({ factor: +$("factor").value }); });
$("hold").addEventListener("click", () => steer({ paused: latest.phase !== "paused" }));
$("mixform").addEventListener("submit", (e) => {
  e.preventDefault();
  document.activeElement.blur();
  steer({ mix: [...$("mixform").querySelectorAll("input")].map((i) => ({ journey: i.name, weight: +i.value })) });
});
$("stop").addEventListener("click", () => {
  if (Date.now() < armed) return steer({ stop: true });
  armed = Date.now() + 4000;
  $("stop").textContent = "really stop? click again";
});
addEventListener("resize", () => latest && plots(latest));

async function follow() {
  try {
    show(await ask("status"));
    if (failures) complain("");
    failures = 0;
  } catch {
    if (++failures > 1) {
      document.body.dataset.phase = "gone";
      $("phase").textContent = "over";
      $("stop").textContent = "stop the run";
      disable(true);
      complain("The run has ended; these are its last figures. Its report is where it was started.");
    }
  }
  setTimeout(follow, failures ? 3000 : 1000);
}
follow();
