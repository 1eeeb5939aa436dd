# SPDX-License-Identifier: MPL-2.0
"""A browser that is seen by nobody, loads nothing of its own, and leaves nothing behind."""

import json
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-device-scale-factor=1",
]

# What of the page depends on the moment, as text: the state, and all that is to be seen.
DUMP = """
const scroll = (document.scrollingElement || document.body).scrollTop;
return JSON.stringify({
  rows: framesim.rows(),
  top: document.getElementById("top").innerHTML,
  panels: document.getElementById("panels").innerHTML,
  counter: document.getElementById("counter").textContent,
  slider: document.getElementById("slider").value,
  scroll,
});
"""


class Browser:
    """One page at a time."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        options = Options()
        for argument in ARGUMENTS + ["--user-data-dir=" + self.folder.name]:
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(300)

    def close(self):
        """Ends the browser and forgets its profile."""
        self.driver.quit()
        self.folder.cleanup()

    def size(self, width, height):
        """The size of the page's window, in its own pixels."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=False)

    def command(self, name, **arguments):
        """A command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, path, place=""):
        """Opens a page from its file; what was logged before is forgotten."""
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get("file://" + path + place)

    def run(self, script, *arguments):
        """Runs JavaScript in the page."""
        return self.driver.execute_script(script, *arguments)

    def messages(self):
        """What the page, or the browser about it, wrote to the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that were asked for since the page was opened."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def key(self, *keys):
        """Presses keys, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def show(self, moment):
        """Goes to a moment."""
        self.run("framesim.show(arguments[0])", moment)

    def moment(self):
        """Where the page is."""
        return self.run("return framesim.moment")

    def moments(self):
        """How many there are."""
        return self.run("return framesim.moments")

    def dump(self):
        """Everything that depends on the moment."""
        return self.run(DUMP)

    def text(self, selector):
        """The text of an element, as it is in the document."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)
