"use strict";
// plot draws lines over the seconds of a run into an SVG element. A line is
// {name, values}; values are numbers, one for each of the times, or null: a gap.
function plot(svg, times, lines, word) {
  const width = svg.clientWidth || 600, height = svg.clientHeight || 180;
  const left = 58, right = 10, top = 8, bottom = 20;
  const first = times.length > 1 && times[0] > 2 ? times[0] : 0, last = Math.max(times.length ? times[times.length - 1] : 0, first + 30);
  const highest = ceiling(Math.max(0, ...lines.flatMap((l) => l.values)));
  const x = (t) => left + (t - first) / (last - first) * (width - left - right);
  const y = (v) => height - bottom - v / highest * (height - top - bottom);
  const parts = [];
  for (let i = 0; i <= 4; i++) {
    const v = highest * i / 4;
    parts.push(node("line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) }));
    parts.push(node("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, word(v)));
  }
  const step = [5, 10, 15, 30, 60, 120].find((s) => (last - first) / s <= width / 90) || 300;
  for (let t = Math.ceil(first / step) * step; t <= last; t += step) {
    parts.push(node("text", { x: x(t), y: height - 4, "text-anchor": x(t) > width - 30 ? "end" : "middle" }, clock(t)));
  }
  for (const line of lines) {
    if (line.values.length) {
      const pen = (i) => i && line.values[i - 1] !== null ? "L" : "M";
      const d = line.values.map((v, i) => v === null ? "" : pen(i) + x(times[i]).toFixed(1) + " " + y(v).toFixed(1) + "h0").join("");
      parts.push(node("path", { class: line.name, d }));
    }
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
}

function node(name, attributes, text) {
  const n = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) n.setAttribute(k, v);
  if (text !== undefined) n.textContent = text;
  return n;
}

// ceiling is a number above v, with some room, of which a quarter is short: 1,
// 1.2, 1.6 and so on times a power of ten.
function ceiling(v) {
  if (!(v > 0)) return 1;
  v *= 1.04;
  const unit = 10 ** Math.floor(Math.log10(v));
  return unit * [1, 1.2, 1.6, 2, 2.4, 3, 4, 6, 8, 10].find((m) => m * unit >= v);
}

function clock(seconds) {
  const s = Math.round(seconds), pad = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${pad(s % 60)}` : `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
}
