"""The report in a browser: it fits every width, asks nothing of the network, answers to clicks, and has contrast."""

import shutil

import pytest

from maxent_irl import MaxEntIRL
from maxent_irl.datasets import load_gridworld
from maxent_irl.report import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
LOW_CONTRAST = """() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v <= 10.31 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = rgb => { const [r, g, b] = rgb.map(linear); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = element => { for (; element; element = element.parentElement) {
      const c = parse(getComputedStyle(element).backgroundColor); if (c.length === 3 || c[3] === 1) return c.slice(0, 3); }
    return parse(getComputedStyle(document.documentElement).backgroundColor).length === 3 ? [255, 255, 255] : [255, 255, 255]; };
  const low = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.getClientRects().length || element.closest("svg")) continue;
    const [x, y] = [light(parse(getComputedStyle(element).color).slice(0, 3)), light(behind(element))];
    if ((Math.max(x, y) + .05) / (Math.min(x, y) + .05) < 4.5) low.push(element.textContent.slice(0, 40));
  }
  return low;
}"""


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    data = load_gridworld()
    fit = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, fit, data.demonstrations, world=data.world, true_reward=data.true_reward)
    return path.as_uri()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1200, 1600])
def test_a_report_fits_every_width_in_light_and_dark(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    errors, requests = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate(LOW_CONTRAST) == []
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.slow
def test_tables_sort_and_maps_change_their_quantity(browser, address):
    page = browser.new_page()
    page.goto(address)
    table = page.locator("#coefficients table")
    table.get_by_role("button", name="Estimate").click()
    assert table.locator("tbody th").all_text_contents() == ["mud", "flowers", "goal"]
    table.get_by_role("button", name="Estimate").click()
    assert table.locator("tbody th").all_text_contents() == ["goal", "flowers", "mud"]
    cell = page.locator(".map rect.p").first
    before = cell.evaluate("cell => getComputedStyle(cell).fill")
    page.get_by_role("button", name="Standard error", exact=True).first.click()
    assert cell.evaluate("cell => getComputedStyle(cell).fill") != before
    cell.hover()
    assert page.locator(".map output").text_content().startswith("row 0, column 0: reward ")
    page.close()
