// SPDX-License-Identifier: MPL-2.0
// Panels that are tables of rows: holders, page tables, translations, free lists, counts.
//
// Nothing jumps: where a row stands is decided once for the whole film.  In a panel with few rows
// each has a place of its own, by key.  Where there are many, a place is given to a row for as long
// as it lives, and may then go to another one, as registers are to variables.

const OWN_PLACES = 96;
const PLACES_SHOWN = 160;

// All keys that a section ever has, sorted.
function allKeys(film, section) {
  const keys = new Set();
  for (const moment of film.moments)
    for (const [name, key] of moment.set) if (name === section) keys.add(key);
  return [...keys].sort();
}

// The lowest of the free places for each row that begins; a place is free again when the moment
// that ended its row is over.  Returns for each moment that changes something what it changes.
function allocatePlaces(film, section) {
  const free = [];
  const live = new Map();
  const events = [];
  let places = 0;
  film.moments.forEach((moment, n) => {
    const ended = [];
    for (const [name, key, value] of moment.set) {
      if (name !== section) continue;
      if (value === null) {
        ended.push(live.get(key));
        live.delete(key);
      } else if (!live.has(key)) {
        free.sort((a, b) => b - a);
        const place = free.length > 0 ? free.pop() : places++;
        live.set(key, place);
        events.push([n, key, place]);
      }
    }
    free.push(...ended.filter((place) => place !== undefined));
  });
  return { places, events };
}

class Places {
  constructor(film, section, reuse) {
    const keys = allKeys(film, section);
    if (!reuse && keys.length <= OWN_PLACES) {
      this.count = keys.length;
      const fixed = new Map(keys.map((key, place) => [key, place]));
      this.of = (key) => fixed.get(key);
      return;
    }
    const { places, events } = allocatePlaces(film, section);
    this.count = places;
    const history = new Map();
    for (const [n, key, place] of events) {
      if (!history.has(key)) history.set(key, []);
      history.get(key).push([n, place]);
    }
    // A key may live more than once: its last beginning up to that moment counts.
    this.of = (key, n) => {
      const lives = history.get(key);
      for (let i = lives.length - 1; i >= 0; i--) if (lives[i][0] <= n) return lives[i][1];
      return undefined;
    };
  }
}

class RowPanel {
  // columns: [heading, text of a value, class, share of the width]; the first one is the head of
  // its row.
  constructor(film, options) {
    this.section = options.section;
    this.columns = options.columns;
    this.places = new Places(film, options.section, options.reuse);
    this.accept = options.accept || (() => true);
    const { body, note } = makePanel(options.column, options.id, options.title, options.hint);
    this.note = note;
    this.body = body;
    this.shown = Math.min(this.places.count, PLACES_SHOWN);
    this.rows = [];
    const head = make("tr");
    for (const [name, , kind] of this.columns)
      head.append(make("th", { scope: "col", class: kind || "" }, name));
    const tbody = make("tbody");
    for (let i = 0; i < this.shown; i++) this.rows.push(this.addRow(tbody));
    body.setAttribute("tabindex", "0");
    body.setAttribute("role", "group");
    body.setAttribute("aria-labelledby", `${options.id}-title`);
    const widths = make("colgroup");
    for (const [, , , share] of this.columns) {
      const column = make("col");
      column.style.width = `${share}%`;
      widths.append(column);
    }
    body.append(make("table", { class: "rows" }, widths, make("thead", {}, head), tbody));
  }

  addRow(tbody) {
    const row = make("tr");
    const cells = this.columns.map(([, , kind], i) =>
      i === 0 ? make("th", { scope: "row", class: kind || "" }) : make("td", { class: kind || "" }));
    cells.forEach((cell) => cell.append(make("span"), make("del")));
    row.append(...cells);
    tbody.append(row);
    return { row, cells };
  }

  render(view) {
    const now = view.rows[this.section];
    const old = view.old[this.section];
    const at = new Array(this.shown);
    let more = 0;
    const place = (key, value, before, changed) => {
      if (!this.accept(key)) return;
      const index = this.places.of(key, view.n);
      if (index === undefined || index >= this.shown) more++;
      else if (value !== undefined || at[index] === undefined) at[index] = { value, before, changed };
    };
    for (const [key, value] of now) place(key, value, old.get(key), old.has(key));
    for (const [key, before] of old) if (!now.has(key)) place(key, undefined, before, true);
    let first = null;
    this.rows.forEach((row, i) => {
      const entry = at[i] || { value: undefined, before: undefined, changed: false };
      this.renderRow(row, entry);
      if (entry.changed && first === null) first = row.row;
    });
    setText(this.note, more > 0 ? `and ${more} more` : "");
    if (first !== null) scrollTo(this.body, first);
  }

  renderRow(place, { value, before, changed }) {
    const { row, cells, drawn } = place;
    // What did not change is the same object, and needs no look at the page.
    if (drawn && drawn.value === value && drawn.before === before && drawn.changed === changed)
      return;
    place.drawn = { value, before, changed };
    const isNew = changed && before === undefined;
    const isGone = changed && value === undefined && before !== undefined;
    setAttribute(row, "data-mark", isNew ? "new" : isGone ? "gone" : changed && before ? "changed" : null);
    cells.forEach((cell, i) => {
      const [, text] = this.columns[i];
      const nowText = value === undefined ? undefined : text(value);
      const oldText = before === undefined ? undefined : text(before);
      const differs = changed && before !== undefined && nowText !== oldText;
      setChanged(cell, nowText, oldText, differs);
    });
  }
}

// "count": one line, what is counted and its number.
class CountLine {
  constructor(film) {
    this.keys = allKeys(film, "count");
    this.node = byId("counts");
    this.parts = this.keys.map((key) => {
      const part = make("span", { class: "count" }, `${key} `);
      const value = make("b");
      part.append(value);
      this.node.append(part);
      return [key, value, part];
    });
  }

  render(view) {
    for (const [key, node, part] of this.parts) {
      const value = view.rows.count.get(key);
      const changed = view.old.count.has(key) && view.old.count.get(key) !== undefined;
      setChanged(node, value ? String(value[0]) : undefined,
                 changed ? String(view.old.count.get(key)[0]) : undefined, changed);
      setAttribute(part, "data-empty", value ? null : "");
    }
  }
}
