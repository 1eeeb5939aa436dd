// SPDX-License-Identifier: MPL-2.0
// The page's nodes.  Everything that a step changes goes through these functions, which write
// only what is different and count what they wrote.  Text is set as text, never as markup.

const written = { nodes: 0 };

function setText(node, text) {
  if (node.textContent === text) return;
  node.textContent = text;
  written.nodes++;
}

function setAttribute(node, name, value) {
  if (value === null) {
    if (!node.hasAttribute(name)) return;
    node.removeAttribute(name);
  } else {
    if (node.getAttribute(name) === value) return;
    node.setAttribute(name, value);
  }
  written.nodes++;
}

function setHidden(node, hidden) {
  if (node.hidden === hidden) return;
  node.hidden = hidden;
  written.nodes++;
}

// make("td", { class: "x", scope: "row" }, "text", otherNode)
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const byId = (id) => document.getElementById(id);

// ---- Panels ----

const panels = [];

// A landmark with a heading.  `body` may scroll; its size does not depend on the moment.
function makePanel(column, id, title, hint) {
  const heading = make("h2", { id: `${id}-title` }, title);
  const note = make("span", { class: "note", id: `${id}-note` }, hint || "");
  const body = make("div", { class: "body" });
  const section = make("section", { id, class: "panel", "aria-labelledby": `${id}-title` });
  section.append(make("div", { class: "panel-head" }, heading, note), body);
  byId(column).append(section);
  panels.push({ id, title, section });
  return { section, body, note };
}

// Scrolls within the panel only: the page stays where it is.
function scrollTo(body, node, share = 0.4) {
  const top = node.offsetTop - body.offsetTop;
  const inside = top >= body.scrollTop && top + node.offsetHeight <= body.scrollTop + body.clientHeight;
  if (!inside) body.scrollTop = Math.max(0, top - body.clientHeight * share);
}

// A value that changed: what it is, and behind it what it was.
function setChanged(cell, now, old, changed) {
  const gone = changed && now === undefined;
  const mark = changed ? (old === undefined ? "new" : gone ? "gone" : "changed") : null;
  if (cell.firstChild === null) cell.append(make("span"), make("del"));
  setText(cell.firstChild, now === undefined ? "" : now);
  setText(cell.lastChild, mark === "changed" || gone ? old : "");
  setAttribute(cell, "data-mark", mark);
}
