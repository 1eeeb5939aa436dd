// SPDX-License-Identifier: MPL-2.0
// CPUs in columns: the moments up to this one, the latest at the bottom.

const TAPE = 7;
const CPUS_SHOWN = 8;

class CpuPanel {
  static wanted(film) {
    return film.moments.some((moment) => moment.thread !== undefined || moment.cpu > 0);
  }

  constructor(film) {
    this.film = film;
    const all = new Set();
    for (const moment of film.moments) if (moment.cpu !== undefined) all.add(moment.cpu);
    const cpus = [...all].sort((a, b) => a - b);
    this.cpus = cpus.slice(0, CPUS_SHOWN);
    const { body } = makePanel("column-machine", "cpus", "CPUs",
                               cpus.length > CPUS_SHOWN ? `the first ${CPUS_SHOWN} of ${cpus.length}` : "the latest at the bottom");
    const head = make("tr", {}, make("th", { scope: "col" }, "step"));
    this.heads = new Map();
    for (const cpu of this.cpus) {
      const about = make("span", { class: "about" });
      head.append(make("th", { scope: "col" }, `CPU ${cpu} `, about));
      this.heads.set(cpu, about);
    }
    const tbody = make("tbody");
    this.lines = Array.from({ length: TAPE }, () => {
      const step = make("th", { scope: "row" });
      const cells = this.cpus.map(() => make("td"));
      const row = make("tr", {}, step, ...cells);
      tbody.append(row);
      return { row, step, cells };
    });
    body.append(make("table", { class: "tape" }, make("thead", {}, head), tbody));
  }

  text(moment) {
    const command = this.film.command(moment);
    const thread = moment.thread ? `${moment.thread}: ` : "";
    if (moment.kind === "point") {
      const seen = arrow(moment);
      return `${thread}${moment.point}${seen ? `  ${seen}` : ""}`;
    }
    const verb = command ? command.text.replace(/\s+/g, " ") : "";
    const answer = moment.result && moment.result !== "Ok" ? `${moment.result}: ` : "";
    return `${thread}✓ ${answer}${verb}`;
  }

  render(view) {
    for (const [cpu, node] of this.heads) {
      const row = view.rows.cpu.get(String(cpu).padStart(2, "0"));
      setText(node, row ? `${row[1]} page table` : "");
    }
    this.lines.forEach((line, i) => {
      const n = view.n - (TAPE - 1 - i);
      const moment = n >= 0 ? this.film.moments[n] : null;
      const last = i === TAPE - 1;
      setText(line.step, moment && moment.step ? String(moment.step) : "");
      setAttribute(line.row, "aria-current", last ? "step" : null);
      this.cpus.forEach((cpu, c) => {
        const here = moment !== null && moment.cpu === cpu;
        setText(line.cells[c], here ? this.text(moment) : "");
        setAttribute(line.cells[c], "data-kind", here ? moment.kind : null);
        setAttribute(line.cells[c], "title", here ? this.text(moment) : null);
      });
    });
  }
}
