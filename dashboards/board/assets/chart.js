// Time series, drawn with uPlot, with a legend that shows the values of the
// whole range, or of the time bucket under the pointer.

import { axis, value, moment, clock } from "./format.js";
import { colour, element } from "./look.js";

const height = 210;
const pad = (v) => (v > 0 ? v * 1.08 : 1);

// seriesOf lists what is drawn, from bottom to top: a series per group, or
// one per measure. A group without a document is left out.
function seriesOf(panel) {
  const result = panel.result;
  if (!panel.by) {
    return panel.measures.map((m, i) => ({
      label: m.label, unit: m.unit, total: result.rows[0].values[i], values: result.rows[0].points[i],
    }));
  }
  const unit = panel.measures[0].unit;
  return result.rows.filter((row) => row.count > 0).map((row) => ({
    label: row.key, unit, total: row.values[0], values: row.points[0],
  }));
}

// stack adds each series onto the ones below it.
function stack(series) {
  let below = null;
  return series.map((s) => {
    below = s.values.map((v, i) => (v ?? 0) + (below ? below[i] : 0));
    return below;
  });
}

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class Chart {
  constructor(host, zoom) {
    this.host = host;
    this.zoom = zoom; // is told from when to when, in milliseconds
    this.plotHost = element("div", "plot");
    this.legend = element("ul", "legend");
    this.when = element("p", "when");
    host.append(this.when, this.plotHost, this.legend);
    this.resize = new ResizeObserver(() => this.plot?.setSize({ width: this.plotHost.clientWidth, height }));
    this.resize.observe(this.plotHost);
  }

  // update draws the panel's result; range is [from, to) in milliseconds.
  update(panel, range) {
    this.panel = panel;
    this.range = range;
    this.series = seriesOf(panel);
    const step = panel.result.stepMs / 1000;
    const xs = panel.result.timesMs.map((ms) => ms / 1000 + step / 2);
    const drawn = panel.stacked ? stack(this.series) : this.series.map((s) => s.values);
    // uPlot paints in order: the tallest of a stack must come first.
    const order = this.series.map((_, i) => i);
    if (panel.stacked) order.reverse();
    const data = [xs, ...order.map((i) => drawn[i])];
    const shape = JSON.stringify([this.series.map((s) => s.label), step, panel.stacked]);
    if (this.shape !== shape || !this.plot) {
      this.shape = shape;
      this.build(order, step);
    }
    this.plot.setData(data, false);
    this.scale(drawn);
    this.describe();
    this.showLegend(this.plot.cursor.idx);
  }

  scale(drawn) {
    let top = 0;
    for (const values of drawn) for (const v of values) if (v !== null && v > top) top = v;
    if (this.panel.measures[0].unit === "ratio") top = Math.max(top, 0.01);
    this.plot.batch(() => {
      this.plot.setScale("x", { min: this.range[0] / 1000, max: this.range[1] / 1000 });
      this.plot.setScale("y", { min: 0, max: pad(top) });
    });
  }

  build(order, step) {
    this.plot?.destroy();
    const unit = this.panel.measures[0].unit;
    const { bars, linear } = uPlot.paths;
    const series = order.map((i) => {
      const s = this.series[i];
      const ink = css(colour(s.label, i, this.series.length));
      return this.panel.stacked
        ? { label: s.label, fill: ink, stroke: ink, width: 0, paths: bars({ size: [0.86, 60] }), points: { show: false } }
        : { label: s.label, stroke: ink, width: 1.75, paths: linear(), points: { size: 5, fill: ink }, fill: order.length === 1 ? ink + "22" : undefined };
    });
    const grid = { stroke: css("--line"), width: 1 };
    const text = { stroke: css("--quiet"), font: "11px " + css("--sans"), ticks: { show: false } };
    this.plot = new uPlot({
      width: this.plotHost.clientWidth || 300, height,
      padding: [6, 20, 0, 0],
      legend: { show: false },
      cursor: {
        y: false, drag: { x: true, y: false, setScale: false }, sync: { key: "board", setSeries: false },
        points: { size: 7, show: !this.panel.stacked },
      },
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        { ...text, grid: { show: false }, space: 70, size: 26, gap: 6, values: (u, ticks) => ticks.map((t) => timeTick(t, ticks)) },
        { ...text, grid, size: 62, gap: 8, space: 38, values: (u, ticks) => axis(ticks, unit) },
      ],
      series: [{}, ...series],
      hooks: {
        setCursor: [(u) => this.showLegend(u.cursor.idx)],
        setSelect: [(u) => this.chosen(u)],
        draw: [(u) => this.drawLimits(u)],
      },
    }, [[], ...series.map(() => [])], this.plotHost);
    this.plot.root.setAttribute("role", "img");
    this.items = this.series.map((s, i) => {
      const swatch = element("span", "swatch");
      swatch.style.background = `var(${colour(s.label, i, this.series.length)})`;
      const name = element("span", "name", s.label);
      const number = element("span", "number");
      const item = element("li");
      item.append(swatch, name, number);
      return { item, number };
    });
    this.legend.replaceChildren(...this.items.map((i) => i.item));
  }

  // chosen zooms to what was dragged over.
  chosen(u) {
    const { left, width } = u.select;
    if (width < 5) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoom(u.posToVal(left, "x") * 1000, u.posToVal(left + width, "x") * 1000);
  }

  // drawLimits draws a line where the first measure begins to be bad.
  drawLimits(u) {
    const limits = this.panel.limits;
    if (!limits) return;
    const { ctx, bbox } = u;
    ctx.save();
    ctx.setLineDash([5, 5]);
    for (const [at, ink] of [[limits.warn, "--status-4"], [limits.bad, "--status-5"]]) {
      const y = u.valToPos(at, "y", true);
      if (!(y > bbox.top && y < bbox.top + bbox.height)) continue;
      ctx.strokeStyle = css(ink);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }

  // showLegend writes the values at a bucket, or those of the whole range.
  showLegend(idx) {
    if (!this.items) return;
    const times = this.panel.result.timesMs;
    const at = idx !== null && idx !== undefined && idx < times.length && this.plot.cursor.left >= 0;
    this.series.forEach((s, i) => { this.items[i].number.textContent = value(at ? s.values[idx] : s.total, s.unit); });
    this.when.textContent = at ? `${moment(times[idx])} – ${clock(times[idx] + this.panel.result.stepMs)}` : "whole range";
  }

  describe() {
    const said = this.series.map((s) => `${s.label} ${value(s.total, s.unit)}`).join(", ");
    this.plot.root.setAttribute("aria-label",
      `${this.panel.title}, ${moment(this.range[0])} to ${moment(this.range[1])}; over the whole range: ${said}`);
  }

  // redraw takes up new colours.
  redraw() {
    if (!this.plot) return;
    this.shape = null;
    this.update(this.panel, this.range);
  }

  clear() {
    this.plot?.destroy();
    this.plot = this.shape = this.items = null;
    this.legend.replaceChildren();
  }
}

const two = (n) => String(n).padStart(2, "0");

function timeTick(t, ticks) {
  const d = new Date(t * 1000);
  const gap = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
  if (gap >= 86400) return d.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const hm = two(d.getHours()) + ":" + two(d.getMinutes());
  return gap < 60 ? hm + ":" + two(d.getSeconds()) : hm;
}
