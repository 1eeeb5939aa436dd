// SPDX-License-Identifier: MPL-2.0
// One slot: its fields, what they were, the bits of the count, and who holds the frame.

// Which frame is looked at: the one that the steps are about, or one that was pinned.
class Selection {
  constructor(film) {
    this.pinned = null;
    this.listeners = [];
    let last = null;
    const automatic = film.moments.map((moment) => {
      last = Selection.choose(moment, last);
      return last;
    });
    // Before there is one: what it will be about.
    const first = automatic.find((frame) => frame !== null) || null;
    this.automatic = automatic.map((frame) => frame || first);
  }

  // What the moment says it is about, else a slot that it changed; a frame that somebody uses
  // rather than one of the allocator's own.
  static choose(moment, last) {
    const changed = moment.set.filter(([section, , value]) => section === "slot" && value !== null);
    const own = changed.find(([, , value]) => !["free", "boot", "table"].includes(slotLook(value).look));
    if (moment.frame && changed.some(([, key]) => key === moment.frame)) return moment.frame;
    const text = (moment.changes || []).join(" ");
    const told = changed.find(([, key]) => text.includes(`${key}:`));
    if (told !== undefined) return told[1];
    if (moment.kind !== "point" && moment.changes === undefined) return last;
    return own !== undefined ? own[1] : last;
  }

  at(n) {
    return this.pinned !== null ? this.pinned : this.automatic[n];
  }

  pin(frame) {
    this.pinned = frame;
    this.listeners.forEach((listener) => listener());
  }
}

class SlotPanel {
  constructor(film, selection) {
    this.selection = selection;
    const { body, note } = makePanel("column-machine", "slot", "Slot", "");
    this.note = note;
    this.state = make("p", { class: "slot-state" }, make("span", { class: "sign" }), make("span"));
    this.fields = {};
    const tbody = make("tbody");
    for (const name of ["ref_count", "vtable_ptr", "in_list", "storage"]) {
      const now = make("td", { class: "code" });
      const old = make("td", { class: "code was" });
      const row = make("tr", {}, make("th", { scope: "row" }, name), now, old);
      tbody.append(row);
      this.fields[name] = { row, now, old };
    }
    const head = make("tr", {}, make("th", { scope: "col" }, "field"),
                      make("th", { scope: "col" }, "now"), make("th", { scope: "col" }, "was"));
    this.bits = Array.from({ length: 64 }, () => make("span", { class: "bit" }));
    const bits = make("div", { class: "bits", role: "img", "aria-label": "bits of ref_count" });
    for (let i = 0; i < 64; i += 8)
      bits.append(make("span", { class: "byte" }, ...this.bits.slice(i, i + 8)));
    this.bitBox = bits;
    this.holders = make("p", { class: "holders" });
    this.free = make("button", { type: "button", class: "follow" }, "Follow the steps");
    this.free.addEventListener("click", () => selection.pin(null));
    body.append(this.state, make("table", { class: "fields" }, make("thead", {}, head), tbody),
                make("p", { class: "bits-label" }, "ref_count, bit 63 at the left"), bits,
                this.holders, this.free);
  }

  static fieldsOf(slot) {
    if (!slot) return { ref_count: "", vtable_ptr: "", in_list: "", storage: "" };
    const [state, , type, ref, vtable, list, storage] = slot;
    const pad = (hex) => `0x${BigInt(hex).toString(16).padStart(16, "0")}`;
    const bytes = storage.padEnd(80, "0").match(/.{16}/g);
    const used = Math.max(1, Math.ceil(storage.length / 16));
    const zero = used < 5 ? " 0…" : "";
    // Of an unused slot it says nothing.
    const means = type ? ` ${type}` : state === "unused" ? " -" : "";
    return { ref_count: pad(ref), vtable_ptr: pad(vtable) + means, in_list: String(list),
             storage: storage === "" ? "0…" : bytes.slice(0, used).join(" ") + zero };
  }

  render(view) {
    const frame = this.selection.at(view.n);
    const slot = frame === null ? undefined : view.rows.slot.get(frame);
    const changed = view.old.slot.has(frame) && view.old.slot.get(frame) !== undefined;
    const old = changed ? view.old.slot.get(frame) : undefined;
    setText(this.note, frame === null ? "of no frame yet" : `of frame ${frame}`);
    const { letter, look } = slotLook(slot);
    setText(this.state.firstChild, letter);
    setAttribute(this.state.firstChild, "data-look", look);
    setChanged(this.state.lastChild, slotText(slot), slotText(old), changed && slotText(old) !== slotText(slot));
    const now = SlotPanel.fieldsOf(slot);
    const was = SlotPanel.fieldsOf(old);
    for (const [name, field] of Object.entries(this.fields)) {
      const differs = changed && was[name] !== now[name];
      setText(field.now, now[name]);
      setText(field.old, differs ? was[name] : "");
      setAttribute(field.row, "data-mark", differs ? "changed" : null);
    }
    this.renderBits(slot, old);
    this.renderHolders(view, frame);
    setAttribute(this.free, "data-empty", this.selection.pinned === null ? "" : null);
    this.free.disabled = this.selection.pinned === null;
  }

  renderBits(slot, old) {
    const now = slot ? BigInt(slot[3]) : 0n;
    const before = old ? BigInt(old[3]) : now;
    this.bits.forEach((node, i) => {
      const place = BigInt(63 - i);
      const bit = (now >> place) & 1n;
      setText(node, String(bit));
      setAttribute(node, "data-bit", String(bit));
      setAttribute(node, "data-mark", bit !== ((before >> place) & 1n) ? "changed" : null);
    });
    setAttribute(this.bitBox, "aria-label", `bits of ref_count: 0x${now.toString(16)}`);
  }

  renderHolders(view, frame) {
    const names = [];
    const address = Number(frame);
    if (frame !== null)
      for (const row of view.rows.holder.values()) {
        // [name, kind, frame, frames, step, owns].  Addresses are below 2^52: exact as numbers.
        if (row[2] === "" || row[5] === 0) continue;
        const far = address - Number(row[2]);
        if (far >= 0 && far < row[3] * 4096) names.push(`${row[0]} (${row[1]})`);
      }
    for (const [process, level, va, kind, at] of frame === null ? [] : view.rows.table.values())
      if (at === frame)
        names.push(kind === "page" ? `${process} at ${va}` : `${process}'s page table, level ${level}`);
    const shown = names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
    setText(this.holders, `Held by: ${shown || "nobody in the script"}`);
  }
}
