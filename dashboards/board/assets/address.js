// What is shown is in the address: which dashboard, which range, which run, and
// what it is narrowed to. A link to it shows the same to somebody else.

export const ranges = [
  ["5m", "Last 5 minutes"], ["15m", "Last 15 minutes"], ["1h", "Last hour"],
  ["6h", "Last 6 hours"], ["24h", "Last 24 hours"], ["168h", "Last 7 days"],
];

const known = (range) => ranges.some(([id]) => id === range);
const own = ["dashboard", "range", "run", "from", "to"];

// read takes an address apart; what makes no sense there is the default.
export function read(search) {
  const q = new URLSearchParams(search);
  const at = { dashboard: q.get("dashboard"), run: q.get("run") ?? "", range: q.get("range"), from: null, to: null, only: {} };
  for (const [name, value] of q) if (!own.includes(name) && value) at.only[name] = value;
  const [from, to] = [Number(q.get("from")), Number(q.get("to"))];
  if (from > 0 && to > from) return { ...at, range: "chosen", from, to };
  if (at.range === "run" ? !at.run : !known(at.range)) at.range = at.run ? "run" : "15m";
  return at;
}

// write puts an address together.
export function write(at) {
  const q = new URLSearchParams();
  if (at.dashboard) q.set("dashboard", at.dashboard);
  if (at.range === "chosen") {
    q.set("from", Math.round(at.from));
    q.set("to", Math.round(at.to));
  } else q.set("range", at.range);
  if (at.run) q.set("run", at.run);
  for (const [field, value] of Object.entries(at.only)) q.set(field, value);
  return "?" + q;
}

// question is what the board is asked for it. A live range ends now; so does a
// whole run while its documents still come.
export function question(at, run) {
  let [from, to] = ["now-" + at.range, "now"];
  if (at.range === "chosen") [from, to] = [Math.round(at.from), Math.round(at.to)];
  else if (at.range === "run" && run) {
    const over = Date.now() - run.lastMs > 20000;
    [from, to] = [run.firstMs, over ? Math.max(run.lastMs + 1, run.firstMs + 1000) : "now"];
  } else if (at.range === "run") from = "now-1h";
  const q = new URLSearchParams({ from, to });
  if (at.run) q.set("run", at.run);
  for (const [field, value] of Object.entries(at.only)) q.set(field, value);
  return q;
}
