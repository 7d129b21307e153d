// Single documents as a table; a trace id leads to all lines of its request.

import { count, moment, value } from "./format.js";
import { element } from "./look.js";

function cell(text, unit, field, link) {
  if (!text) return element("td", "quiet", "–");
  if (field === "trace.id") {
    const td = element("td", "word");
    const a = element("a", "", "…" + text.slice(-8));
    a.href = link("logs", { [field]: text });
    a.title = `all lines of trace ${text}`;
    td.append(a);
    return td;
  }
  switch (unit) {
    case "time": return element("td", "", moment(Date.parse(text)));
    case "text": {
      const td = element("td", "word", text);
      if (field === "http.response.status_code") td.dataset.status = text[0];
      if (field === "log.level") td.dataset.level = text;
      return td;
    }
    default: return element("td", "", value(Number(text), unit));
  }
}

export function drawDocuments(body, panel, range, link) {
  const table = element("table", "documents");
  const head = element("tr");
  for (const c of panel.columns) {
    const th = element("th", c.unit === "text" ? "word" : "number", c.label);
    th.scope = "col";
    head.append(th);
  }
  const thead = element("thead");
  thead.append(head);
  const tbody = element("tbody");
  for (const line of panel.result.lines) {
    const tr = element("tr");
    tr.append(...panel.columns.map((c, i) => cell(line[i], c.unit, c.field, link)));
    tbody.append(tr);
  }
  table.append(thead, tbody);
  const scroll = element("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", panel.title);
  scroll.append(table);
  const left = body.querySelector(".scroll")?.scrollLeft ?? 0;
  body.replaceChildren(scroll, element("p", "of", `${panel.result.lines.length} of ${count(panel.result.documents)}`));
  scroll.scrollLeft = left;
}
