// SPDX-License-Identifier: MPL-2.0
// Puts the page together.  Panels for which the document has nothing are not made.

const ROW_PANELS = [
  { id: "holders", section: "holder", title: "Holders", column: "column-rows", reuse: true,
    columns: [
      ["name", (row) => row[0], "code", 28],
      ["kind", (row) => (row[3] > 1 ? `${row[1]}, ${row[3]} frames` : row[1]), "", 28],
      ["frame", (row) => row[2], "code", 30],
      ["step", (row) => (row[4] > 0 ? String(row[4]) : ""), "", 14],
    ] },
  { id: "tables", section: "table", title: "Page tables", column: "column-rows",
    hint: "user read write execute accessed dirty",
    columns: [
      ["address", (row) => "  ".repeat(4 - row[1]) + (row[1] === 4 ? row[0] : row[2]), "code address", 37],
      ["", (row) => (row[3] === "table" ? `level ${row[1]}` : `page${["", " 2M", " 1G"][row[1]]}`), "", 18],
      ["frame", (row) => row[4], "code", 27],
      ["rights", (row) => row[5], "code", 18],
    ] },
  { id: "tlb", section: "tlb", title: "Translations (TLB)", column: "column-rows", reuse: true,
    columns: [
      ["CPU", (row) => String(row[0]), "", 11],
      ["address", (row) => row[1], "code", 30],
      ["frame", (row) => row[3], "code", 25],
      ["rights", (row) => row[4], "code", 17],
      ["of", (row) => row[5], "", 17],
    ] },
  { id: "free", section: "free", title: "Free lists", column: "column-rows",
    columns: [
      ["pool", (row) => row[0], "", 20],
      ["", (row) => row[1], "", 23],
      ["chunks", (row) => String(row[2]), "", 19],
      ["first", (row) => row[4], "code", 38],
    ] },
];

class Player {
  constructor(file) {
    this.film = new Film(file);
    this.n = -1;
    this.selection = new Selection(this.film);
    this.selection.listeners.push(() => this.draw());
    this.parts = [];
    this.makeParts();
    this.controls = new Controls(this);
    this.parts.push(this.controls);
  }

  has(section) {
    return this.film.moments.some((moment) => moment.set.some(([name]) => name === section));
  }

  makeParts() {
    const { film, selection } = this;
    const { file } = film;
    const add = (part) => this.parts.push(part);
    add(new Sentence(film));
    if (file.sources.length > 0) add(new ScriptPanel(film));
    add(new MomentPanel());
    if (file.questions.length > 0) {
      this.question = new QuestionPanel(film);
      add(this.question);
    }
    if (file.findings.length > 0) add(new FindingPanel(film));
    if (CpuPanel.wanted(film)) add(new CpuPanel(film));
    if (this.has("piece")) add(new Pieces(film));
    if (file.strips.length > 0) {
      add(new Strip(film, selection));
      add(new SlotPanel(film, selection));
    }
    for (const options of ROW_PANELS) if (this.has(options.section)) add(new RowPanel(film, options));
    add(new CountLine(film));
    hideEmptyColumns();
  }

  show(n) {
    const wanted = Math.max(0, Math.min(this.film.length - 1, n));
    if (wanted === this.n) return;
    this.n = wanted;
    this.draw();
  }

  draw() {
    written.nodes = 0;
    const view = this.film.viewAt(this.n);
    view.before = this.n > 0 ? this.film.moments[this.n - 1] : null;
    for (const part of this.parts) part.render(view);
  }
}

const player = new Player(JSON.parse(byId("document").textContent));
player.show(0);
player.controls.followHash();

// For tests, and for those who look at a page from its console.
window.framesim = {
  show: (n) => player.show(n),
  get moment() { return player.n; },
  get moments() { return player.film.length; },
  get written() { return written.nodes; },
  rows: () => canonical(player.film.rowsAt(player.n)),
  end: () => player.film.file.end,
};
