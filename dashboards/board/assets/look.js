// Colours that mean the same everywhere, and small DOM help.

const palette = 8;

// colour names the custom property of a series: status codes and classes by
// their first digit, percentiles and levels by their name, a lone series the
// accent, and others of a group one of the palette by their place.
export function colour(label, place = 0, of = 1) {
  if (/^[1-5](xx|\d\d)$/.test(label)) return `--status-${label[0]}`;
  if (/^(p50|p95|p99|max)$/.test(label)) return `--${label}`;
  if (/error|lost|fatal|failed|dead/i.test(label)) return "--status-5";
  if (/^warn/i.test(label)) return "--status-4";
  return of > 1 ? `--series-${place % palette}` : "--accent";
}

export function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// verdict is where a value stands to its limits: "bad", "warn" or "".
export function verdict(v, limits) {
  if (!limits || v === null || v === undefined) return "";
  const beyond = (limit) => (limits.falling ? v < limit : v >= limit);
  return beyond(limits.bad) ? "bad" : beyond(limits.warn) ? "warn" : "";
}
