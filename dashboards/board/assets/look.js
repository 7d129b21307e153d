// Colours that mean the same everywhere, and small DOM help.

// colour names the custom property of a series: status codes and classes by
// their first digit, percentiles by their name, all else the accent.
export function colour(label) {
  if (/^[1-5](xx|\d\d)$/.test(label)) return `--status-${label[0]}`;
  if (/^(p50|p95|p99|max)$/.test(label)) return `--${label}`;
  if (/error/i.test(label)) return "--status-5";
  return "--accent";
}

export function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}
