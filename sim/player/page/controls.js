// SPDX-License-Identifier: MPL-2.0
// Keys, buttons, the slider; play at a speed; the theme; which panels are shown.

class Controls {
  constructor(player) {
    this.player = player;
    this.timer = null;
    this.slider = byId("slider");
    this.slider.max = String(player.film.length - 1);
    this.bindButtons();
    this.bindFields();
    this.bindPanels();
    document.addEventListener("keydown", (event) => this.onKey(event));
    window.addEventListener("hashchange", () => this.followHash());
  }

  bindButtons() {
    const on = (id, action) => byId(id).addEventListener("click", action);
    on("first", () => this.go(0));
    on("back", () => this.go(this.player.n - 1));
    on("next", () => this.go(this.player.n + 1));
    on("last", () => this.go(this.player.film.length - 1));
    on("play", () => this.togglePlay());
    on("theme", () => this.turnTheme());
    on("help", () => this.open("keys"));
    on("choose", () => this.open("chooser"));
  }

  bindFields() {
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    const jump = byId("jump");
    jump.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.jump(jump.value);
      if (event.key === "Escape" || event.key === "Enter") jump.blur();
    });
    byId("speed").addEventListener("change", () => {
      if (this.timer !== null) {
        this.togglePlay();
        this.togglePlay();
      }
    });
  }

  bindPanels() {
    const box = byId("choices");
    for (const { title, section } of panels) {
      const check = make("input", { type: "checkbox" });
      check.checked = true;
      check.addEventListener("change", () => {
        section.hidden = !check.checked;
        hideEmptyColumns();
      });
      box.append(make("label", {}, check, ` ${title}`));
    }
  }

  open(id) {
    this.pause();
    if (!byId(id).open) byId(id).showModal();
  }

  // ---- Moving ----

  // By hand: playing stops.
  go(n) {
    this.pause();
    this.player.show(n);
  }

  // To the end of a step before or after this one.
  goStep(direction) {
    const { moments } = this.player.film;
    let n = this.player.n + direction;
    while (n > 0 && n < moments.length - 1 && moments[n].kind === "point") n += direction;
    this.go(n);
  }

  goFinding() {
    const { moments } = this.player.film;
    const now = moments[this.player.n].found || 0;
    const n = moments.findIndex((moment) => (moment.found || 0) > now);
    if (n >= 0) this.go(n);
  }

  jump(text) {
    const n = this.player.film.find(text);
    byId("jump-error").textContent =
      n >= 0 ? "" : `There is no step ${text}: the last one is ${this.lastStep()}.`;
    if (n >= 0) this.go(n);
  }

  lastStep() {
    return this.player.film.moments.reduce((most, moment) => Math.max(most, moment.step || 0), 0);
  }

  // PAGE.html#3.drop.dec opens at that place.
  followHash() {
    const text = decodeURIComponent(window.location.hash.slice(1));
    if (text !== "") this.jump(text);
  }

  // ---- Playing ----

  togglePlay() {
    if (this.timer !== null) {
      this.pause();
      return;
    }
    if (this.player.n >= this.player.film.length - 1) this.player.show(0);
    const tick = () => {
      this.player.show(this.player.n + 1);
      if (this.player.n >= this.player.film.length - 1) this.pause();
    };
    this.timer = window.setInterval(tick, 1000 / Number(byId("speed").value));
    this.showPlaying(true);
  }

  pause() {
    if (this.timer === null) return;
    window.clearInterval(this.timer);
    this.timer = null;
    this.showPlaying(false);
  }

  // A reader of the screen is not to be talked to twenty times a second.
  showPlaying(playing) {
    byId("play").setAttribute("aria-pressed", String(playing));
    byId("play").textContent = playing ? "Pause" : "Play";
    byId("now").setAttribute("aria-live", playing ? "off" : "polite");
  }

  // ---- View ----

  turnTheme() {
    const order = ["auto", "dark", "light"];
    const root = document.documentElement;
    const now = order.indexOf(root.dataset.theme || "auto");
    root.dataset.theme = order[(now + 1) % order.length];
  }

  // ---- Keys ----

  static keys = {
    ArrowRight: (c, event) => (event.shiftKey ? c.goStep(1) : c.go(c.player.n + 1)),
    ArrowLeft: (c, event) => (event.shiftKey ? c.goStep(-1) : c.go(c.player.n - 1)),
    PageDown: (c) => c.go(c.player.n + 10),
    PageUp: (c) => c.go(c.player.n - 10),
    Home: (c) => c.go(0),
    End: (c) => c.go(c.player.film.length - 1),
    " ": (c) => c.togglePlay(),
    f: (c) => c.goFinding(),
    a: (c) => c.player.question && c.player.question.toggle(),
    u: (c) => c.player.selection.pin(null),
    t: (c) => c.turnTheme(),
    p: (c) => c.open("chooser"),
    "?": (c) => c.open("keys"),
    Escape: (c) => c.pause(),
  };

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const inField = event.target.closest("input, select, textarea");
    const onButton = event.target.closest("button");
    // The slider moves by moments itself; a button is pressed with the space bar.
    if (inField !== null && inField !== this.slider) return;
    if (event.key === " " && onButton !== null) return;
    if (/^\d$/.test(event.key)) {
      byId("jump").value = "";
      byId("jump").focus();
      return;
    }
    const action = Controls.keys[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action(this, event);
  }

  render(view) {
    const { film } = this.player;
    this.slider.value = String(view.n);
    setAttribute(this.slider, "aria-valuetext", sentence(film, view.moment));
    setText(byId("counter"), `${view.n + 1} of ${film.length}`);
    byId("first").disabled = byId("back").disabled = view.n === 0;
    byId("last").disabled = byId("next").disabled = view.n === film.length - 1;
  }
}
