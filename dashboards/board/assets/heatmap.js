// A heatmap: a row of cells for each group, the last group on top, a column for
// each time bucket. The more, the stronger the colour; the scale is the square
// root, so that one slow request is seen beside a thousand fast ones.

import { clock, moment, value } from "./format.js";
import { element } from "./look.js";

const space = "http://www.w3.org/2000/svg";

function shape(name, attributes, text) {
  const e = document.createElementNS(space, name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}

export function drawHeatmap(body, panel, range) {
  const { rows, timesMs, stepMs } = panel.result;
  const unit = panel.measures[0].unit;
  const used = rows.map((row, i) => (row.count > 0 ? i : -1)).filter((i) => i >= 0);
  const shown = rows.slice(used[0] ?? 0, (used.at(-1) ?? -1) + 1).reverse();
  const most = Math.max(1, ...shown.flatMap((row) => row.points[0].map((v) => v ?? 0)));
  const [width, height] = [1000, 20];
  const x = (ms) => (width * (ms - range[0])) / (range[1] - range[0]);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${shown.length * height}`, role: "img", class: "cells", preserveAspectRatio: "none" });
  svg.style.height = `${shown.length * height}px`;
  svg.setAttribute("aria-label", `${panel.title}, ${moment(range[0])} to ${moment(range[1])}; over the whole range: ` +
    shown.map((row) => `${row.key} ${value(row.count, "count")}`).join(", "));
  const names = element("ul", "bands");
  names.setAttribute("aria-hidden", "true");
  shown.forEach((row, r) => {
    names.append(element("li", "", row.key));
    row.points[0].forEach((v, t) => {
      if (!v) return;
      const from = Math.max(x(timesMs[t]), 0);
      const cell = shape("rect", {
        x: from, y: r * height + 1, width: Math.max(Math.min(x(timesMs[t] + stepMs), width) - from - 1, 1), height: height - 2,
        "fill-opacity": (0.14 + 0.86 * Math.sqrt(v / most)).toFixed(3),
      });
      cell.append(shape("title", {}, `${moment(timesMs[t])} – ${clock(timesMs[t] + stepMs)}, ${row.key}: ${value(v, unit)}`));
      svg.append(cell);
    });
  });
  const frame = element("div", "bandframe");
  const times = element("p", "bandtimes");
  times.append(element("span", "", moment(range[0])), element("span", "", clock(range[1])));
  frame.append(names, svg);
  body.replaceChildren(frame, times, element("p", "of", `strongest colour: ${value(most, unit)} in ${Math.round(stepMs / 1000)} s`));
}
