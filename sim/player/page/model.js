// SPDX-License-Identifier: MPL-2.0
// The document, and what its rows are at each moment.
//
// The file has, for each moment, what changed.  When the page opens, it plays all of it once and
// keeps the whole state at each 64th moment.  Any moment is then made from the key frame before
// it and at most 64 moments: forward, back and by a jump in the same way, so however one comes
// to a moment, it is the same.

const KEY_EVERY = 64;
const SECTIONS = ["slot", "holder", "table", "tlb", "cpu", "free", "count", "piece"];

class Film {
  constructor(file) {
    this.file = file;
    this.moments = file.moments;
    this.keyFrames = [];
    const rows = Film.noRows();
    this.moments.forEach((moment, n) => {
      Film.apply(rows, moment);
      if (n % KEY_EVERY === 0) this.keyFrames.push(Film.copy(rows));
    });
  }

  static noRows() {
    return Object.fromEntries(SECTIONS.map((name) => [name, new Map()]));
  }

  static copy(rows) {
    return Object.fromEntries(SECTIONS.map((name) => [name, new Map(rows[name])]));
  }

  static apply(rows, moment) {
    for (const [section, key, value] of moment.set)
      if (value === null) rows[section].delete(key);
      else rows[section].set(key, value);
  }

  get length() {
    return this.moments.length;
  }

  // The rows after moment n; before the first one (n = -1) there are none.
  rowsAt(n) {
    if (n < 0) return Film.noRows();
    const key = Math.floor(n / KEY_EVERY);
    const rows = Film.copy(this.keyFrames[key]);
    for (let i = key * KEY_EVERY + 1; i <= n; i++) Film.apply(rows, this.moments[i]);
    return rows;
  }

  // Everything about moment n: its rows, and of each row that it changed what it was (undefined:
  // it is new).
  viewAt(n) {
    const rows = this.rowsAt(n - 1);
    const old = Object.fromEntries(SECTIONS.map((name) => [name, new Map()]));
    const moment = this.moments[n];
    for (const [section, key] of moment.set) old[section].set(key, rows[section].get(key));
    Film.apply(rows, moment);
    return { n, moment, rows, old };
  }

  // The moment that a text means: "3" is the end of step 3, "3.drop.dec" a point in it; -1: none.
  find(text) {
    const match = /^\s*(\d+)(?:\.([a-z_.]+))?\s*$/.exec(text);
    if (match === null) return -1;
    const step = Number(match[1]);
    if (match[2] !== undefined)
      return this.moments.findIndex((m) => m.step === step && m.point === match[2]);
    const exact = this.moments.findIndex((m) => m.step === step && m.kind !== "point");
    if (exact >= 0) return exact;
    // Steps may be left out or merged: the first one that is not before it.
    return this.moments.findIndex((m) => m.step >= step);
  }

  // The command of a moment as { source, line, text }, or null.
  command(moment) {
    if (moment.at === undefined) return null;
    const [source, line, text] = this.file.commands[moment.at];
    return { source, line, text };
  }
}

// Rows in an order that does not depend on how one came here; for tests and for comparisons.
function canonical(rows) {
  const result = {};
  for (const section of SECTIONS) {
    result[section] = {};
    for (const key of [...rows[section].keys()].sort())
      result[section][key] = rows[section].get(key);
  }
  return result;
}
