// SPDX-License-Identifier: MPL-2.0
// What moments and rows are called, for people.

function who(moment) {
  const cpu = moment.cpu !== undefined ? `CPU ${moment.cpu}` : "";
  if (moment.thread) return `thread ${moment.thread} on ${cpu}`;
  return moment.cpu > 0 ? cpu : "";
}

// The first line: which step, whose, and what.
function sentence(film, moment) {
  const command = film.command(moment);
  if (moment.text) return moment.text;
  const actor = who(moment);
  const lead = `Step ${moment.step}${actor ? `, ${actor}` : ""}`;
  return `${lead}: ${command ? command.text.replace(/\s+/g, " ") : ""}`;
}

function arrow(moment) {
  if (moment.seen !== undefined && moment.written !== undefined)
    return `${moment.seen} → ${moment.written}`;
  if (moment.written !== undefined) return `= ${moment.written}`;
  return moment.seen !== undefined ? `saw ${moment.seen}` : "";
}

// The same, and where what was seen comes from: "saw 2, from step 3".
function deed(moment) {
  const text = arrow(moment);
  if (moment.from === undefined) return text;
  return `${text}, ${moment.written === undefined ? "" : `${moment.seen} `}from ${moment.from}`;
}

// The second line: where in the step, or what came of it.
function detail(moment) {
  if (moment.kind === "point") {
    const seen = deed(moment);
    const end = moment.result === "ended" ? `; thread ${moment.thread} has ended` : "";
    return `right after ${moment.point}${seen ? `: ${seen}` : ""} (${moment.order}) — ${moment.what}${end}`;
  }
  const parts = [];
  if (moment.result !== undefined && moment.result !== "Ok")
    parts.push(`answer: ${moment.result}`);
  if (moment.changes) parts.push(moment.changes[0]);
  if (moment.changes && moment.changes.length > 1)
    parts.push(`and ${moment.changes.length - 1} more`);
  if (parts.length === 0 && moment.kind === "step")
    parts.push(moment.said ? firstLine(moment.said[0]) : "no slot of its own changed");
  return parts.join("; ");
}

function firstLine(text) {
  return text.trim().split("\n")[0];
}

// ---- Slots: [state, count, type, ref_count, vtable_ptr, in_list, storage] ----

const BOOT_TYPES = { kernel: "K", reserved: "R", "meta-page": "M", early: "E", unusable: "X" };

function slotText(slot) {
  if (!slot) return "no slot";
  const [state, count, type, raw, , list] = slot;
  const text =
    state === "shared" ? `shared ${count}` : state === "illegal" ? `illegal count ${raw}` : state;
  const typed = state === "shared" || state === "unique" ? `, ${type || "no type"}` : "";
  return `${text}${typed}${list !== 0 ? `, in list ${list}` : ""}`;
}

// What a frame looks like: a letter, and the name of a shape and colour.
function slotLook(slot) {
  if (slot === undefined) return { letter: "", look: "none" };
  const [state, count, type] = slot;
  if (state === "unused") return { letter: "·", look: "unused" };
  if (state === "busy") return { letter: "B", look: "busy" };
  if (state === "unique")
    return type === "free-head" ? { letter: "F", look: "free" } : { letter: "U", look: "unique" };
  if (state !== "shared") return { letter: "!", look: "illegal" };
  if (type === "page-table") return { letter: "T", look: "table" };
  if (BOOT_TYPES[type]) return { letter: BOOT_TYPES[type], look: "boot" };
  return { letter: count < 100 ? String(count) : "99+", look: "shared" };
}

const LEGEND = [
  ["·", "unused", "unused"],
  ["B", "busy", "busy"],
  ["1", "shared", "shared"],
  ["U", "unique", "unique"],
  ["F", "free", "free chunk"],
  ["T", "table", "page table"],
  ["K", "boot", "boot"],
  ["!", "illegal", "illegal"],
];
