// Numbers and times in words. A missing value is a dash, never a zero.

const none = "–";

export const count = (v) => (v === null ? none : v.toLocaleString("en-GB"));

const digits = (v, n) => v.toLocaleString("en-GB", { minimumFractionDigits: n, maximumFractionDigits: n });

// three significant digits, without jumping between 9.99 and 10.000
const three = (v) => digits(v, v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2);

const durations = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

function duration(ns) {
  if (ns === 0) return "0 ms";
  const [size, name] = durations.find(([size]) => ns >= size) ?? [1, "ns"];
  return three(ns / size) + " " + name;
}

const sizes = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];

function bytes(v) {
  const [size, name] = sizes.find(([size]) => Math.abs(v) >= size) ?? [1, "B"];
  return (size === 1 ? count(v) : three(v / size)) + " " + name;
}

// value writes a measured value in its unit.
export function value(v, unit) {
  if (v === null || v === undefined) return none;
  switch (unit) {
    case "nanoseconds": return duration(v);
    case "seconds": return duration(v * 1e9);
    case "bytes": return bytes(v);
    case "burn": return (v === 0 ? "0" : three(v)) + " ×";
    case "ratio": return v < 0 ? "−" + digits(-v * 100, v > -1 ? 1 : 0) + " %" : v === 0 ? "0 %" : v < 0.0001 ? "< 0.01 %" : digits(v * 100, v < 0.0995 ? 2 : 1) + " %";
    case "per-second": return (v === 0 ? "0" : v < 0.01 ? "< 0.01" : three(v)) + " /s";
    default: return count(v);
  }
}

// parts splits a written value into number and unit, to set them apart.
export function parts(v, unit) {
  const text = value(v, unit);
  const space = text.lastIndexOf(" ");
  return space > 0 && !text.startsWith("<") ? [text.slice(0, space), text.slice(space + 1)] : [text, ""];
}

// decimals is how many are needed to tell the ticks of an axis apart.
function decimals(gap) {
  for (let n = 0; n < 4; n++) {
    const shifted = gap * 10 ** n;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 * shifted) return n;
  }
  return 4;
}

// axis writes all ticks of an axis in one unit.
export function axis(ticks, unit) {
  const top = Math.max(...ticks);
  const gap = ticks.length > 1 ? ticks[1] - ticks[0] : top;
  const plain = (v, size) => digits(v / size, decimals(gap / size));
  if (unit === "nanoseconds") {
    const [size, name] = durations.find(([size]) => top >= size) ?? [1, "ns"];
    return ticks.map((v) => (v === 0 ? "0" : plain(v, size) + " " + name));
  }
  if (unit === "seconds") return axis(ticks.map((v) => v * 1e9), "nanoseconds");
  if (unit === "bytes") {
    const [size, name] = sizes.find(([size]) => top >= size) ?? [1, "B"];
    return ticks.map((v) => (v === 0 ? "0" : digits(v / size, Math.min(decimals(gap / size), 1)) + " " + name));
  }
  if (unit === "burn") return ticks.map((v) => plain(v, 1) + " ×");
  if (unit === "ratio") return ticks.map((v) => (v === 0 ? "0" : plain(v, 0.01) + " %"));
  if (unit === "per-second") return ticks.map((v) => (v === 0 ? "0" : plain(v, 1) + " /s"));
  return ticks.map((v) => plain(v, 1));
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const clock = (ms) => clockFormat.format(ms);

// moment is a clock time, with the day when that is not today.
export function moment(ms) {
  const today = new Date(ms).toDateString() === new Date().toDateString();
  return today ? clock(ms) : dayFormat.format(ms) + ", " + clock(ms);
}

export function length(ms) {
  const s = Math.round(ms / 1000);
  if (s < 120) return s + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  return Math.round(s / 3600) + " h";
}
