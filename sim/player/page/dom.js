// SPDX-License-Identifier: MPL-2.0
// The page's nodes.  Everything that a step changes goes through these functions, which write
// only what is different and count what they wrote.  Text is set as text, never as markup.

const written = { nodes: 0 };

// What a node shows is kept beside it: to ask the page for it takes longer than to compare.
const SHOWN = Symbol("shown");

function setText(node, text) {
  if (node[SHOWN] === text) return;
  node[SHOWN] = text;
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

// A column without panels leaves its room to the others.
function hideEmptyColumns() {
  const columns = [...document.querySelectorAll(".column")];
  for (const column of columns)
    column.hidden = [...column.children].every((panel) => panel.hidden);
  byId("panels").classList.toggle("two", columns.some((column) => column.hidden));
}

// ---- Scrolling ----
//
// Where things stand is only known after the browser has laid the page out, which is the most
// expensive part of a step.  So it is asked once for each picture that is shown, however many
// moments were passed on the way.

const scrolls = new Map();

// Brings the node into view, at this share of the panel's height: within the panel, the page
// stays where it is.  Without a node: to the top.
function scrollTo(body, node = null, share = 0.4) {
  if (scrolls.size === 0) window.requestAnimationFrame(scrollAll);
  scrolls.set(body, { node, share });
}

function scrollAll() {
  const targets = [...scrolls].map(([body, { node, share }]) => {
    if (node === null) return [body, 0];
    const box = node.getBoundingClientRect();
    const top = box.top - body.getBoundingClientRect().top - body.clientTop;
    const inside = top >= 0 && top + box.height <= body.clientHeight;
    return [body, inside ? null : body.scrollTop + top - body.clientHeight * share];
  });
  scrolls.clear();
  for (const [body, top] of targets) if (top !== null) body.scrollTop = top;
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
