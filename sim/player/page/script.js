// SPDX-License-Identifier: MPL-2.0
// The script, with the line of this moment and the lines where other threads rest.

const LINES = 400; // nodes at most; of a longer text the part around the line is shown

// Threads that are in the middle of a step after moment n: thread -> its last moment.
function restingThreads(film, n) {
  const last = new Map();
  for (let i = n; i >= 0 && film.moments[i].thread; i--) {
    const moment = film.moments[i];
    if (!last.has(moment.thread)) last.set(moment.thread, moment);
  }
  for (const [thread, moment] of last)
    if (moment.kind !== "point" || moment.result === "ended") last.delete(thread);
  return last;
}

class ScriptPanel {
  constructor(film) {
    this.film = film;
    this.texts = film.file.sources.map(([name, text]) => ({ name, lines: text.replace(/\n$/, "").split("\n") }));
    const { body, note } = makePanel("column-text", "script", "Script", "");
    this.note = note;
    this.body = body;
    this.list = make("ol", { class: "source" });
    body.setAttribute("tabindex", "0");
    body.setAttribute("role", "group");
    body.setAttribute("aria-labelledby", "script-title");
    body.append(this.list);
    const most = Math.max(1, ...this.texts.map((text) => text.lines.length));
    this.nodes = Array.from({ length: Math.min(LINES, most) }, () => {
      const parts = { sign: make("span", { class: "sign" }), number: make("span", { class: "number" }),
                      code: make("code"), rest: make("span", { class: "rest" }) };
      parts.line = make("li", {}, parts.sign, parts.number, parts.code, parts.rest);
      this.list.append(parts.line);
      return parts;
    });
    this.source = -1;
    this.first = -1;
  }

  // Lines from `first` on of a source.
  fill(source, first) {
    if (this.source === source && this.first === first) return;
    this.source = source;
    this.first = first;
    const { name, lines } = this.texts[source];
    setText(this.note, name);
    this.nodes.forEach((node, i) => {
      const text = lines[first + i];
      setHidden(node.line, text === undefined);
      setText(node.number, text === undefined ? "" : String(first + i + 1));
      setText(node.code, text === undefined ? "" : text);
    });
  }

  render(view) {
    const command = this.commandAt(view.n);
    const source = command ? command.source : 0;
    const line = command ? command.line - 1 : 0;
    if (this.texts.length === 0) return;
    const most = Math.max(0, this.texts[source].lines.length - this.nodes.length);
    const inside = this.source === source && line >= this.first && line < this.first + this.nodes.length;
    const half = Math.floor(this.nodes.length / 2);
    // A part begins at a multiple of half its length, so that it does not depend on the way here.
    const first = Math.min(most, Math.max(0, Math.floor(line / half - 0.5) * half));
    this.fill(source, inside && most === 0 ? this.first : first);
    this.mark(view, command ? line : -1, source);
  }

  // Of a moment without a place, the one before it.
  commandAt(n) {
    for (let i = n; i >= 0; i--) {
      const command = this.film.command(this.film.moments[i]);
      if (command !== null) return command;
    }
    return null;
  }

  mark(view, line, source) {
    const rests = new Map();
    for (const [thread, moment] of restingThreads(this.film, view.n)) {
      const command = this.film.command(moment);
      if (moment !== view.moment && command !== null && command.source === source)
        rests.set(command.line - 1, `${rests.has(command.line - 1) ? `${rests.get(command.line - 1)}; ` : ""}` +
                                    `${thread} rests after ${moment.point}`);
    }
    const end = view.moment.kind === "end";
    this.nodes.forEach((node, i) => {
      const here = this.first + i === line && !end;
      const point = here && view.moment.kind === "point" ? `after ${view.moment.point}` : "";
      const rest = [point, rests.get(this.first + i) || ""].filter((text) => text !== "").join("; ");
      setText(node.sign, here ? "▶" : rests.has(this.first + i) ? "‖" : "");
      setText(node.rest, rest);
      setAttribute(node.line, "aria-current", here ? "step" : null);
      setAttribute(node.line, "data-rests", rests.has(this.first + i) ? "" : null);
      if (here) scrollTo(this.body, node.line);
    });
  }
}
