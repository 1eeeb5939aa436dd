// SPDX-License-Identifier: MPL-2.0
// What is said about a moment: the sentence at the top, what it changed and printed, findings,
// and the question.

class Sentence {
  constructor(film) {
    this.film = film;
    const { file } = film;
    byId("title").textContent = file.title || file.name;
    byId("facts").textContent = file.facts.map(([name, value]) => `${name} ${value}`).join(" · ");
    const left = [...file.left_out];
    if (file.moments_left_out > 0)
      left.push(`The last moments, ${file.moments_left_out} of them: a page has 10000 at most.`);
    if (file.pace > 1) left.push(`Each moment stands for ${file.pace} of the recording.`);
    byId("left-out").textContent = left.join(" ");
    byId("left-out").hidden = left.length === 0;
  }

  render(view) {
    setText(byId("sentence"), sentence(this.film, view.moment));
    setText(byId("detail"), this.detail(view));
    // Not before the end: whoever watches shall think first.
    const end = view.n === this.film.length - 1 ? this.film.file.verdict : "";
    setText(byId("verdict"), end);
    setAttribute(byId("verdict"), "data-verdict", end);
  }

  // Of a finding that is no step: where it was found.
  detail(view) {
    const found = view.moment.found || 0;
    if (view.moment.kind === "finding" && found > 0) return this.film.file.findings[found - 1][1];
    return detail(view.moment);
  }
}

class MomentPanel {
  constructor() {
    const { body, note } = makePanel("column-text", "moment", "What it did", "");
    this.note = note;
    this.body = body;
    this.text = make("pre");
    body.setAttribute("tabindex", "0");
    body.setAttribute("role", "group");
    body.setAttribute("aria-labelledby", "moment-title");
    body.append(this.text);
  }

  // A point has no lines of its own: what it did to slots.
  static slots(view) {
    const lines = [];
    for (const [frame, old] of view.old.slot)
      if (old !== undefined) lines.push(`frame ${frame}: ${slotText(old)} -> ${slotText(view.rows.slot.get(frame))}`);
    return lines;
  }

  render(view) {
    const { moment } = view;
    const lines = moment.kind === "point" ? MomentPanel.slots(view) : [...(moment.changes || [])];
    if (moment.points) lines.push(`points: ${moment.points.join(" ")}`);
    for (const text of moment.said || []) lines.push(...text.split("\n").map((line) => line.replace(/^ {6}/, "")));
    if (moment.expected)
      lines.push(`then ${moment.expected} expectation${moment.expected === 1 ? " was" : "s were"} looked at`);
    setText(this.text, lines.join("\n"));
    scrollTo(this.body);
  }
}

class FindingPanel {
  constructor(film) {
    this.findings = film.file.findings;
    const { body, note } = makePanel("column-text", "findings", "Findings", "");
    this.note = note;
    this.list = make("ul");
    this.items = this.findings.map(([kind, place, text]) => {
      const item = make("li", {}, make("b", {}, `⚑ ${kind}`), ` ${text} `, make("small", {}, place));
      item.hidden = true;
      this.list.append(item);
      return item;
    });
    this.body = body;
    body.setAttribute("tabindex", "0");
    body.setAttribute("role", "group");
    body.setAttribute("aria-labelledby", "findings-title");
    body.append(this.list);
  }

  render(view) {
    const found = view.moment.found || 0;
    const before = view.n > 0 ? view.before.found || 0 : 0;
    setText(this.note, found === 0 ? "none so far" : `${found} so far`);
    this.items.forEach((item, i) => {
      setHidden(item, i >= found);
      setAttribute(item, "data-mark", i >= before && i < found ? "new" : null);
    });
    if (found > before) scrollTo(this.body, this.items[before]);
  }
}

// The question that was asked last; its answer is shown when somebody wants it.
class QuestionPanel {
  constructor(film) {
    this.film = film;
    const { body, note } = makePanel("column-text", "question", "Question", "");
    this.note = note;
    this.text = make("p", { class: "asked" });
    this.choices = make("ol", { class: "choices", type: "a" });
    this.button = make("button", { type: "button", "aria-keyshortcuts": "a", "aria-expanded": "false" },
                       "Show the answer (a)");
    this.answer = make("p", { class: "answer", role: "status" });
    this.button.addEventListener("click", () => this.toggle());
    body.append(this.text, this.choices, this.button, this.answer);
    this.revealed = new Set();
    this.current = -1;
  }

  toggle() {
    if (this.current < 0) return;
    if (!this.revealed.delete(this.current)) this.revealed.add(this.current);
    this.show();
  }

  show() {
    const question = this.film.file.questions[this.current];
    const shown = question !== undefined && this.revealed.has(this.current);
    const because = shown && question.because ? `  ${question.because}` : "";
    setText(this.answer, shown ? `Answer: ${question.answer}${because}` : "");
    setText(this.button, shown ? "Hide the answer (a)" : "Show the answer (a)");
    setAttribute(this.button, "aria-expanded", String(shown));
    for (const item of this.choices.children)
      setAttribute(item, "data-right", shown && item.textContent === question.answer ? "" : null);
  }

  render(view) {
    const asked = view.moment.asked || 0;
    const before = view.n > 0 ? view.before.asked || 0 : 0;
    this.current = asked - 1;
    const question = this.film.file.questions[this.current];
    setText(this.note, asked === 0 ? "none so far" : asked > before ? "asked now" : `question ${asked}`);
    setText(this.text, question ? question.text : "");
    const choices = question && question.choices ? question.choices : [];
    if (this.choices.dataset.of !== String(this.current)) {
      this.choices.replaceChildren(...choices.map((text) => make("li", {}, text)));
      this.choices.dataset.of = String(this.current);
    }
    this.button.disabled = question === undefined;
    this.show();
  }
}
