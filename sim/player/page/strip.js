// SPDX-License-Identifier: MPL-2.0
// Physical memory: a bar with all of it, and the frames that the run touched, 16 in a row.

const FRAME = 4096n;

class Strip {
  constructor(film, selection) {
    this.film = film;
    this.selection = selection;
    this.cells = new Map();
    this.drawn = new Map();
    const { body } = makePanel("column-machine", "strip", "Frames", "16 frames of 4 KiB in a row");
    this.body = body;
    if (film.file.regions.length > 0) body.before(this.makeBar());
    body.append(this.makeTable());
    body.after(this.makeLegend());
    body.addEventListener("keydown", (event) => this.onKey(event));
    body.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-frame]");
      if (cell !== null) this.choose(cell);
    });
  }

  makeTable() {
    const head = make("tr", {}, make("th", { scope: "col" }, "address"));
    for (let i = 0; i < 16; i++) head.append(make("th", { scope: "col" }, i.toString(16)));
    const tbody = make("tbody");
    this.order = [];
    for (const [start, count] of this.film.file.strips) {
      const row = make("tr", {}, make("th", { scope: "row" }, start));
      for (let i = 0; i < count; i++) {
        const key = `0x${(BigInt(start) + BigInt(i) * FRAME).toString(16)}`;
        const button = make("button", { type: "button", tabindex: "-1", "data-frame": key });
        row.append(make("td", {}, button));
        this.cells.set(key, button);
        this.order.push(key);
      }
      tbody.append(row);
    }
    return make("table", { class: "strip", "aria-label": "Frames by address" },
                make("thead", {}, head), tbody);
  }

  // Parts of memory by their size; small ones are still seen.  Marks say where the rows are.
  makeBar() {
    const regions = this.film.file.regions.map(([start, end, type]) => ({
      start: Number(BigInt(start) / FRAME), end: Number(BigInt(end) / FRAME), type }));
    const all = Math.max(...regions.map((region) => region.end), 1);
    const percent = (frames) => `${Math.min(100, (100 * frames) / all).toFixed(3)}%`;
    const bar = make("div", { class: "bar", role: "img" });
    const kinds = new Set();
    for (const { start, end, type } of regions) {
      const part = make("span", { "data-region": type, title: `${type}: frames ${start} to ${end - 1}` });
      part.style.left = percent(start);
      part.style.width = percent(end - start);
      bar.append(part);
      kinds.add(type);
    }
    for (const [start] of this.film.file.strips) {
      const mark = make("i", {});
      mark.style.left = percent(Number(BigInt(start) / FRAME));
      bar.append(mark);
    }
    bar.setAttribute("aria-label", `All of memory, ${all} frames: ${[...kinds].join(", ")}`);
    const names = make("div", { class: "bar-names" }, make("span", {}, "0"));
    for (const kind of kinds)
      names.append(make("span", { class: "key" }, make("span", { "data-region": kind }), kind));
    names.append(make("span", {}, `0x${(BigInt(all) * FRAME).toString(16)}`));
    return make("div", { class: "overview" }, bar, names);
  }

  makeLegend() {
    const seen = new Set(["unused"]);
    for (const moment of this.film.moments)
      for (const [section, , value] of moment.set)
        if (section === "slot" && value !== null) seen.add(slotLook(value).look);
    const list = make("ul", { class: "legend", "aria-label": "Signs" });
    for (const [letter, look, text] of LEGEND)
      if (seen.has(look))
        list.append(make("li", {}, make("span", { class: "sign", "data-look": look }, letter), text));
    return list;
  }

  // Arrow keys go from frame to frame here, not from moment to moment.
  onKey(event) {
    const cell = event.target.closest("[data-frame]");
    const far = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -16, ArrowDown: 16 }[event.key];
    if (cell === null || far === undefined || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    const target = this.order[this.order.indexOf(cell.dataset.frame) + far];
    if (target === undefined) return;
    cell.tabIndex = -1;
    this.cells.get(target).tabIndex = 0;
    this.cells.get(target).focus();
  }

  choose(cell) {
    this.selection.pin(cell.dataset.frame);
  }

  render(view) {
    const selected = this.selection.at(view.n);
    for (const [key, cell] of this.cells) {
      const slot = view.rows.slot.get(key);
      const old = view.old.slot.get(key);
      // A row that did not change is the same object: then the cell is as it was.
      const drawn = this.drawn.get(key);
      if (drawn !== undefined && drawn.slot === slot && drawn.old === old &&
          drawn.selected === (key === selected))
        continue;
      this.drawn.set(key, { slot, old, selected: key === selected });
      const { letter, look } = slotLook(slot);
      const changed = old !== undefined;
      setText(cell, letter);
      setAttribute(cell, "data-look", look);
      setAttribute(cell, "data-mark", changed ? "changed" : null);
      setAttribute(cell, "aria-pressed", key === selected ? "true" : "false");
      setAttribute(cell, "tabindex", key === selected ? "0" : "-1");
      setAttribute(cell, "title", `${key}: ${slotText(slot)}${changed ? `; it was ${slotText(old)}` : ""}`);
      setAttribute(cell, "aria-label", cell.title);
    }
    if (this.cells.has(selected)) scrollTo(this.body, this.cells.get(selected).closest("tr"), 0.5);
  }
}

// Memory of a replay: a digit for each piece of 2 MiB.
class Pieces {
  constructor(film) {
    this.keys = allKeys(film, "piece");
    const { body } = makePanel("column-machine", "pieces", "Memory by pieces of 2 MiB",
                               "0: no frame is free, 9: all are");
    const box = make("div", { class: "pieces", role: "img", "aria-label": "Digits by address" });
    this.cells = this.keys.map((key) => {
      const cell = make("span");
      box.append(cell);
      return [key, cell];
    });
    body.append(box);
  }

  render(view) {
    for (const [key, cell] of this.cells) {
      const value = view.rows.piece.get(key);
      const changed = view.old.piece.get(key) !== undefined;
      setText(cell, value ? String(value[0]) : "");
      setAttribute(cell, "data-digit", value ? String(value[0]) : null);
      setAttribute(cell, "data-mark", changed ? "changed" : null);
    }
  }
}
