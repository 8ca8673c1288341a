"""The header: everything in it is there at every width, however long the names of sandboxes are."""

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

LONG = ("feature-very-long-branch-name-of-somebody-else-17", "a-nightly-run-whose-name-nobody-would-type-by-hand-2026")
WIDTHS = (360, 390, 480, 640, 720, 768, 900, 1024, 1200, 1280, 1366, 1440)
MORE_ENTRIES = """count => {
  const entries = document.querySelector('.panel nav');
  const last = entries.lastElementChild;
  while (entries.children.length < count) {
    const made = last.cloneNode(true);
    made.removeAttribute('aria-current');
    made.querySelector('span').textContent = 'Callbacks';
    entries.append(made);
  }
}"""
HIDDEN = """() => {
  const found = [];
  for (const one of document.querySelectorAll('.panel a, .panel button, .panel select, .panel summary, .face time')) {
    if (one.closest('.sheet')) continue;
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const name = one.id || one.textContent.trim() || one.className;
    if (left < 0 || right > innerWidth || top < 0 || bottom > innerHeight) found.push(`${name} is outside`);
    for (const [x, y] of [[left + 2, (top + bottom) / 2], [right - 2, (top + bottom) / 2]]) {
      const hit = document.elementFromPoint(x, y);
      if (!hit || !(one.contains(hit) || hit.contains(one))) found.push(`${name} is covered`);
    }
  }
  return found;
}"""


@pytest.fixture
def sandboxes(sim: Simulator) -> None:
    for name in LONG:
        sim.control("POST", "sandboxes", {"name": name})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_of_the_header_is_cut_or_covered(page: Page, sandboxes: None, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"/__sim/requests?sandbox={LONG[0]}")
    page.evaluate(MORE_ENTRIES, 8)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = page.evaluate(HIDDEN)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".panel").evaluate("panel => panel.offsetHeight") <= 100, width
    assert found == {width: [] for width in WIDTHS}


def test_the_chosen_sandbox_can_be_read_whole(page: Page, sandboxes: None) -> None:
    page.goto(f"/__sim/requests?sandbox={LONG[0]}")
    chooser = page.get_by_role("combobox", name="Sandbox")
    expect(chooser).to_have_value(LONG[0])
    expect(chooser).to_have_attribute("title", LONG[0])
    chooser.select_option(LONG[1])
    expect(page).to_have_url(f"/__sim/?sandbox={LONG[1]}")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_every_key_of_the_clock_works(page: Page, sim: Simulator, sandboxes: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/__sim/requests")
    for key, shown in (("+1s", "00:00:01"), ("+10s", "00:00:11"), ("+1m", "00:01:11"), ("+1h", "01:01:11")):
        page.get_by_role("button", name=key).click()
        expect(page.locator("#clock time")).to_have_text(shown)
    page.get_by_label("More of the clock").click()
    expect(page.get_by_role("button", name="Run until idle")).to_be_in_viewport(ratio=1)
