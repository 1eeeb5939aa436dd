#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Opens pages of the player in a browser and uses them.  Called by run.sh; writes TAP.

Each test is a function that begins with test_ and gets a browser and the pages, by name.  What
takes how long is told as a comment and never tested.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback

from selenium.webdriver.common.keys import Keys

from driver import Browser

BIG = """framesim 1
title "Ten thousand steps"
machine { ram 256M }
boot
pool p
repeat 5000 { choose { 6: alloc -> p   1: alloc frames 4 -> p   5: drop any p } }
for i in 0..2600 { alloc -> a[i]; drop a[i] }
end expecting leak p
"""
SCRIPTS = ["docs/examples/busy.fms", "docs/examples/cow.fms", "docs/examples/stale.fms",
           "docs/examples/buggy.fms"]
LONG = """framesim 1
machine { ram 64M  cpus 2 }
boot
repeat 12500 { alloc -> f; drop f }
for i in 0..5000 { alloc -> a[i] }
end expecting leak a
"""


def make_pages(folder, framesim, make_page):
    """name -> path of its page."""
    pages = {}

    def run(name, arguments, status):
        pages[name] = os.path.join(folder, name + ".html")
        done = subprocess.run([framesim] + arguments[:1] + ["--html", pages[name]] + arguments[1:],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode not in status:
            raise AssertionError(f"{arguments}: status {done.returncode}: {done.stderr}")

    for script in SCRIPTS:
        run(os.path.basename(script)[:-4], ["run", "--quiet", script], (0, 1))
    big = os.path.join(folder, "big.fms")
    with open(big, "w", encoding="utf-8") as file:
        file.write(BIG)
    run("big", ["run", "--quiet", big], (0,))
    with open(big, "w", encoding="utf-8") as file:
        file.write(LONG)
    trace = os.path.join(folder, "long.bin")
    subprocess.run([framesim, "run", "--quiet", "--record", trace, big], check=True)
    run("replay", ["replay", "--memory", "64M", trace], (0,))
    run("explore", ["explore", "--quiet", "--weaken", "unique.cas=relaxed",
                    "docs/explore/to-unique.fms"], (1,))
    pages["hostile"] = os.path.join(folder, "hostile.html")
    with open(pages["hostile"], "wb") as file:
        subprocess.run([make_page], stdout=file, check=True)
    return pages


SMALL = ["busy", "cow", "stale", "buggy", "explore", "hostile"]

# ---- Alone ----


def test_every_page_opens_from_its_file_without_a_message(browser, pages):
    for name, path in pages.items():
        browser.open(path)
        assert browser.moments() > 0, name
        assert browser.messages() == [], (name, browser.messages())


def test_no_page_asks_for_anything(browser, pages):
    for name, path in pages.items():
        browser.open(path)
        browser.key(Keys.END)
        asked = [url for url in browser.requests() if url != "about:blank"]
        assert asked == ["file://" + path], (name, asked)


def test_the_policy_lets_no_other_script_run_and_nothing_be_loaded(browser, pages):
    browser.open(pages["busy"])
    browser.run("""
      const script = document.createElement("script");
      script.textContent = "window.hacked = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src='file:///x.png'><p onclick='window.hacked = 2'>");
      document.body.lastChild.click();
    """)
    assert browser.run("return window.hacked") is None
    assert any("Content Security Policy" in text for text in browser.messages())
    answer = browser.driver.execute_async_script("""
      const done = arguments[arguments.length - 1];
      fetch("http://127.0.0.1:9/").then(() => done("loaded"), () => done("refused"));
    """)
    assert answer == "refused"


def test_hostile_texts_stay_texts(browser, pages):
    browser.open(pages["hostile"])
    for moment in range(browser.moments()):
        browser.show(moment)
        assert browser.run("return window.hacked") is None
        assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return document.scripts.length") == 2
    title = "</script><script>window.hacked = 1</script>@STYLE@ @SCRIPT@"
    assert browser.text("h1").startswith(title), browser.text("h1")
    assert browser.driver.title.startswith(title)
    assert "<img src=x onerror=" in browser.text("#script li code")
    assert "<img src=x onerror=" in browser.text("#findings li")


# ---- There and back ----


def test_forward_and_back_by_keys_every_moment_is_the_same(browser, pages):
    browser.size(1280, 800)
    for name in SMALL:
        browser.open(pages[name])
        first = browser.dump()
        seen = [first]
        for moment in range(1, browser.moments()):
            browser.key(Keys.ARROW_RIGHT)
            assert browser.moment() == moment, name
            seen.append(browser.dump())
        for moment in range(browser.moments() - 2, -1, -1):
            browser.key(Keys.ARROW_LEFT)
            assert browser.dump() == seen[moment], (name, moment)
        for moment in (browser.moments() - 1, 0, browser.moments() // 2):
            browser.show(moment)
            assert browser.dump() == seen[moment], (name, moment)


def test_the_end_is_what_the_program_had_at_the_end(browser, pages):
    for name, path in pages.items():
        browser.open(path)
        browser.key(Keys.END)
        rows, end = browser.run("return [framesim.rows(), framesim.end()]")
        assert json.dumps(rows, sort_keys=True) == json.dumps(end, sort_keys=True), name
        assert name == "hostile" or any(rows[section] for section in rows), name


def test_ten_thousand_steps_there_and_back(browser, pages):
    browser.size(1280, 800)
    browser.open(pages["big"])
    last = browser.moments() - 1
    assert last >= 9990, last
    places = [0, 1, 63, 64, 65, 4999, 5000, 7000, last - 1, last]
    seen = {}
    for place in places:
        browser.show(place)
        seen[place] = browser.dump()
    assert len(set(seen.values())) == len(places)
    # All the way, one by one, and back again.
    browser.show(0)
    nodes = browser.run("return document.querySelectorAll('*').length")
    took, written = browser.run("""
      const written = [];
      const start = performance.now();
      for (let n = 1; n < framesim.moments; n++) {
        framesim.show(n);
        written.push(framesim.written);
      }
      return [performance.now() - start, written.sort((a, b) => a - b)];
    """)
    assert browser.dump() == seen[last]
    browser.run("for (let n = framesim.moments - 1; n >= 0; n--) framesim.show(n);")
    assert browser.dump() == seen[0]
    for place in reversed(places):
        browser.show(place)
        assert browser.dump() == seen[place], place
    # A step writes few nodes, however long the run is.
    middle, most = written[len(written) // 2], written[-1]
    print(f"# nodes written in a step: {middle} in the middle, {most} at most, of {nodes}")
    assert middle <= 200, middle
    assert most <= 2500, most
    assert browser.run("return document.querySelectorAll('*').length") == nodes
    loaded = browser.run("""
      const [entry] = performance.getEntriesByType("navigation");
      return entry.domComplete;
    """)
    print(f"# {last + 1} moments, {os.path.getsize(pages['big'])} bytes: "
          f"opened in {loaded:.0f} ms, {took / (last + 1):.2f} ms a moment")


# ---- Bounds ----


BOXES = """
return [...document.querySelectorAll("#top, #top p, .panel, .column, #controls, #controls > *, thead, "
  + ".strip td, .tape tr, .fields tr, .bit, .legend, .slot-state")]
  .filter((node) => node.id !== "jump-error" && node.id !== "verdict")
  .map((node) => {
    const box = node.getBoundingClientRect();
    const inside = node.closest(".body");
    const y = box.y + (inside ? inside.scrollTop : 0);
    return [node.id || node.className || node.tagName, box.x, y, box.width, box.height]
      .map((value) => typeof value === "number" ? Math.round(value) : value).join(" ");
  });
"""


def test_nothing_jumps_between_two_moments(browser, pages):
    for width, height in ((1280, 800), (1920, 1080)):
        browser.size(width, height)
        for name in ("busy", "cow", "stale", "buggy"):
            browser.open(pages[name])
            boxes = browser.run(BOXES)
            for moment in range(1, browser.moments()):
                browser.show(moment)
                now = browser.run(BOXES)
                moved = [pair for pair in zip(boxes, now) if pair[0] != pair[1]]
                assert moved == [], (name, moment, moved[:4])


def test_the_page_fits_its_window(browser, pages):
    for width, height in ((1280, 800), (1920, 1080), (1024, 768)):
        browser.size(width, height)
        for name in ("busy", "cow", "big", "replay"):
            browser.open(pages[name])
            wide, high = browser.run("return [document.documentElement.scrollWidth,"
                                     " document.documentElement.scrollHeight]")
            assert wide <= width and high <= height, (name, wide, high)
    browser.size(420, 800)
    browser.open(pages["cow"])
    assert browser.run("return document.documentElement.scrollWidth") <= 420
    browser.size(1280, 800)


# ---- By keys ----


def test_keys_move(browser, pages):
    browser.open(pages["busy"])
    last = browser.moments() - 1
    browser.key(Keys.END)
    assert browser.moment() == last
    browser.key(Keys.ARROW_RIGHT)
    assert browser.moment() == last
    browser.key(Keys.HOME)
    assert browser.moment() == 0
    browser.key(Keys.ARROW_LEFT)
    assert browser.moment() == 0
    browser.key(Keys.PAGE_DOWN)
    assert browser.moment() == 10
    browser.key(Keys.PAGE_UP)
    assert browser.moment() == 0
    browser.show(1)
    browser.key(Keys.SHIFT + Keys.ARROW_RIGHT)
    assert browser.text("#sentence").startswith("Step 4, thread B on CPU 1"), "over the points"


def test_digits_jump_to_a_step_or_a_point(browser, pages):
    browser.open(pages["busy"])
    browser.key("3")
    browser.key(".drop.unused" + Keys.ENTER)
    assert browser.text("#detail").startswith("right after drop.unused: = unused (release)")
    browser.key("5" + Keys.ENTER)
    browser.key(Keys.ENTER)
    assert browser.text("#sentence") == "Step 5: check"
    browser.key("9")
    browser.key("9" + Keys.ENTER)
    assert browser.text("#sentence") == "Step 5: check"
    assert browser.text("#jump-error") == "There is no step 99: the last one is 5."
    browser.open(pages["busy"], "#3.drop.dec")
    assert browser.text("#detail").startswith("right after drop.dec: 1 → busy")


def test_the_space_bar_plays_and_pauses(browser, pages):
    browser.open(pages["busy"])
    browser.run("document.getElementById('speed').value = '20'")
    browser.key(" ")
    assert browser.run("return document.getElementById('play').getAttribute('aria-pressed')") == "true"
    assert browser.run("return document.getElementById('now').getAttribute('aria-live')") == "off"
    for _ in range(200):
        if browser.moment() == browser.moments() - 1:
            break
        time.sleep(0.05)
    assert browser.moment() == browser.moments() - 1
    browser.run("return new Promise((done) => setTimeout(done, 120))")
    assert browser.run("return document.getElementById('play').getAttribute('aria-pressed')") == "false"
    assert browser.run("return document.getElementById('now').getAttribute('aria-live')") == "polite"


def test_nothing_moves_by_itself(browser, pages):
    browser.open(pages["busy"])
    browser.run("return new Promise((done) => setTimeout(done, 300))")
    assert browser.moment() == 0


def test_help_and_panels_open_and_close(browser, pages):
    browser.open(pages["busy"])
    browser.key("?")
    assert browser.run("return document.getElementById('keys').open")
    browser.key(Keys.ARROW_RIGHT)
    assert browser.moment() == 0
    browser.key(Keys.ESCAPE)
    assert not browser.run("return document.getElementById('keys').open")
    browser.key("p")
    browser.run("document.querySelector('#choices input').click()")
    assert browser.run("return document.getElementById('script').hidden")
    browser.key(Keys.ESCAPE)
    browser.key("f")
    assert browser.moment() == 0


def test_f_goes_to_the_finding(browser, pages):
    browser.open(pages["buggy"])
    assert browser.run("return document.querySelector('#findings li').hidden")
    browser.key("f")
    assert browser.text("#sentence").startswith("FAILED: expected error InUse")
    assert not browser.run("return document.querySelector('#findings li').hidden")
    assert browser.text("#verdict") == "", "the outcome is told at the end"
    browser.key(Keys.END)
    assert browser.text("#verdict") == "violated"


def test_an_execution_says_where_each_value_comes_from(browser, pages):
    browser.open(pages["explore"], "#4.unique.cas")
    assert browser.text("#sentence").startswith("Step 4, thread B on CPU 1: unique g")
    assert "1 \u2192 unique, 1 from step 3 (relaxed, weakened)" in browser.text("#detail")
    assert browser.text("#slot-note") == "of frame 0x2345000"
    browser.key("f")
    assert browser.text("#sentence").startswith("data race: A:meta.read and B:meta.write")
    shown = browser.run("return [...document.querySelectorAll('#findings li')]"
                        ".filter(item => !item.hidden).map(item => item.textContent)")
    assert len(shown) == 2 and "step 2" in shown[0] and "step 5" in shown[1], shown


def test_a_frame_can_be_kept_in_view(browser, pages):
    browser.open(pages["busy"])
    browser.show(1)
    assert browser.text("#slot-note") == "of frame 0x2345000"
    browser.run("document.querySelector('[data-frame=\"0x2345000\"]').focus()")
    browser.key(Keys.ARROW_RIGHT)
    browser.key(Keys.ENTER)
    assert browser.moment() == 1, "in the strip, arrow keys move between frames"
    assert browser.text("#slot-note") == "of frame 0x2346000"
    browser.run("document.activeElement.blur()")
    browser.key("u")
    assert browser.text("#slot-note") == "of frame 0x2345000"


# ---- What it says ----


def test_busy_is_seen_between_the_last_drop_and_its_end(browser, pages):
    browser.open(pages["busy"], "#3.drop.dec")
    cell = "[data-frame='0x2345000']"
    assert browser.text(cell) == "B"
    assert browser.run("return document.querySelector(arguments[0]).ariaLabel", cell) == \
        "0x2345000: busy; it was shared 1, anon"
    assert browser.text("#slot .fields tr[data-mark] .was") == "0x0000000000000001"
    browser.key(Keys.ARROW_RIGHT)
    assert browser.text("#detail").startswith("right after get.load: saw busy (relaxed)")
    line = "#script li[data-rests]"
    assert "A rests after drop.dec" in browser.text(line)
    assert browser.text("#cpus tr[aria-current] td:nth-of-type(2)").startswith("B: get.load")


def test_a_copy_on_write_is_seen_in_tables_and_frames(browser, pages):
    browser.open(pages["cow"], "#5")
    assert "q" in browser.text("#tables")
    shared = browser.run("""
      return [...document.querySelectorAll("#strip [data-look=shared]")].map((node) => node.textContent);
    """)
    assert "2" in shared, shared
    browser.open(pages["cow"], "#7")
    assert browser.run("return document.querySelectorAll('#tables tr[data-mark=changed]').length") > 0
    assert browser.run("return document.querySelector('#tables td[data-mark=changed] del').textContent") != ""


def test_answers_are_shown_when_somebody_wants_them(browser, pages):
    browser.open(pages["hostile"])
    assert browser.text("#question-note") == "none so far"
    browser.key("a")
    browser.key(Keys.ARROW_RIGHT)
    assert browser.text(".asked").startswith("Is it so? <img")
    assert browser.run("return document.querySelectorAll('.choices li').length") == 3
    assert "secret" not in browser.run("return document.body.innerText")
    browser.key("a")
    assert browser.text(".answer") == "Answer: no  Because of the secret reason."
    assert browser.run("return document.querySelector('[data-right]').textContent") == "no"
    browser.key("a")
    assert browser.text(".answer") == ""
    browser.key(Keys.ARROW_RIGHT)
    assert browser.text(".asked") == "How many?"
    assert "forty-two" not in browser.run("return document.body.innerText")
    browser.run("document.querySelector('#question button').click()")
    assert browser.text(".answer") == "Answer: forty-two"


def test_a_page_that_is_full_says_what_is_not_in_it(browser, pages):
    browser.open(pages["big"])
    assert "a page has 10000 at most" in browser.text("#left-out")


def test_a_replay_is_thinned_instead(browser, pages):
    browser.open(pages["replay"])
    assert 1000 < browser.moments() <= 10000
    assert "Each moment stands for" in browser.text("#left-out")
    before = browser.text("#pieces .pieces")
    browser.key(Keys.END)
    assert browser.text("#pieces .pieces") != before


# ---- For everybody ----


def test_a_reader_of_the_screen_finds_its_way(browser, pages):
    for name in ("busy", "cow", "buggy", "hostile", "replay"):
        browser.open(pages[name])
        browser.key(Keys.END)
        wrong = browser.run("""
          const wrong = [];
          const say = (text) => wrong.push(text);
          const count = (what, n) =>
            document.querySelectorAll(what).length === n || say(`${n} of ${what}`);
          count("h1", 1); count("main", 1); count("body > header", 1); count("body > footer", 1);
          if (document.documentElement.lang !== "en") say("language");
          if (document.getElementById("now").getAttribute("aria-live") !== "polite") say("live");
          for (const part of document.querySelectorAll("section")) {
            const label = document.getElementById(part.getAttribute("aria-labelledby"));
            if (label === null || label.tagName !== "H2") say(`section ${part.id}`);
          }
          for (const node of document.querySelectorAll("button")) {
            if (!(node.getAttribute("aria-label") || node.textContent).trim() &&
                node.dataset.look !== "none") say(`button ${node.id}`);
          }
          for (const node of document.querySelectorAll("input, select"))
            if (node.labels.length === 0 && !node.getAttribute("aria-label")) say(`field ${node.id}`);
          for (const node of document.querySelectorAll("[role=img]"))
            if (!node.getAttribute("aria-label")) say("picture");
          for (const table of document.querySelectorAll("table")) {
            for (const cell of table.querySelectorAll("thead th"))
              if (cell.scope !== "col") say("column");
            for (const row of table.querySelectorAll("tbody tr"))
              if (row.querySelector("th[scope=row]") === null) say("row");
          }
          if (!document.getElementById("slider").getAttribute("aria-valuetext")) say("slider");
          const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
          if (new Set(ids).size !== ids.length) say("ids");
          return wrong;
        """)
        assert wrong == [], (name, wrong)


def test_every_control_is_reached_by_tab_and_its_focus_is_seen(browser, pages):
    browser.open(pages["busy"])
    browser.show(3)
    reached = set()
    for _ in range(40):
        browser.key(Keys.TAB)
        name, outline = browser.run("""
          const node = document.activeElement;
          if (node === null || node.closest("body > *") === null) return ["BODY", "none"];
          return [node.id || node.className || node.parentElement.parentElement.id || node.dataset.frame ||
                  node.tagName, getComputedStyle(node).outlineStyle];
        """)
        if name == "BODY":
            break
        assert outline != "none", name
        reached.add(name)
    for control in ("first", "back", "play", "next", "last", "slider", "jump", "speed", "theme",
                    "choose", "help"):
        assert control in reached, (control, reached)


CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => {
  const part = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
};
const behind = (node) => {
  for (; node !== null; node = node.parentElement) {
    const style = getComputedStyle(node);
    if (style.backgroundImage !== "none") return null;
    const color = parse(style.backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const bad = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.nodeValue.trim());
  if (!own || node.offsetParent === null || node.disabled || node.closest("script, [hidden]")) continue;
  const style = getComputedStyle(node);
  const back = behind(node);
  if (back === null || style.visibility === "hidden") continue;
  const [a, b] = [light(parse(style.color)), light(back)];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) bad.push(`${node.tagName} ${node.id} ${node.className} '${node.textContent.slice(0, 20)}' ${ratio.toFixed(2)}`);
}
return bad;
"""


def test_text_has_contrast_in_the_light_and_in_the_dark(browser, pages):
    for theme in ("light", "dark"):
        for name in ("busy", "cow", "stale", "buggy", "hostile", "replay"):
            browser.open(pages[name])
            browser.run("document.documentElement.dataset.theme = arguments[0]", theme)
            for moment in {browser.moments() // 2, browser.moments() - 2, browser.moments() - 1}:
                browser.show(moment)
                bad = browser.run(CONTRAST)
                assert bad == [], (theme, name, moment, bad[:5])


def test_the_theme_follows_the_system_until_it_is_told(browser, pages):
    browser.open(pages["busy"])
    seen = {}
    for scheme in ("light", "dark"):
        browser.command("Emulation.setEmulatedMedia",
                        features=[{"name": "prefers-color-scheme", "value": scheme}])
        seen[scheme] = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert seen["light"] != seen["dark"], seen
    browser.command("Emulation.setEmulatedMedia",
                    features=[{"name": "prefers-color-scheme", "value": "light"}])
    browser.key("t")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == seen["dark"]
    browser.key("t")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == seen["light"]


def test_on_paper_there_are_no_controls_and_nothing_is_cut_off(browser, pages):
    browser.open(pages["cow"], "#5")
    browser.run("document.documentElement.dataset.theme = 'dark'")
    browser.command("Emulation.setEmulatedMedia", media="print")
    shown, background, cut = browser.run("""
      return [getComputedStyle(document.getElementById("controls")).display,
              getComputedStyle(document.body).backgroundColor,
              [...document.querySelectorAll(".panel .body")]
                .filter((body) => body.scrollHeight > body.clientHeight + 1).length];
    """)
    browser.command("Emulation.setEmulatedMedia", media="")
    assert shown == "none"
    assert background == "rgb(255, 255, 255)"
    assert cut == 0, cut
    paper = browser.command("Page.printToPDF")["data"]
    assert len(paper) > 10000


# ---- All of them ----


def main():
    """Runs the tests, or those whose names are given behind the two programs."""
    framesim, make_page, *wanted = sys.argv[1:]
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    if wanted:
        tests = [(name, test) for name, test in tests if name in wanted]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        pages = make_pages(folder, framesim, make_page)
        browser = Browser()
        try:
            print(f"1..{len(tests)}", flush=True)
            for number, (name, test) in enumerate(tests, 1):
                words = name[len("test_"):].replace("_", " ")
                try:
                    test(browser, pages)
                    print(f"ok {number} - {words}", flush=True)
                except Exception:  # pylint: disable=broad-except
                    failures += 1
                    print(f"not ok {number} - {words}", flush=True)
                    traceback.print_exc()
        finally:
            browser.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
