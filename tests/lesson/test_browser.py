"""The page in Chromium: every control does what it says, and every number on it is the package's own."""

import numpy as np
import pytest

from .conftest import start, stop
from .screen import CHAPTERS, LESSON, WIDTHS, Screen

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the page says itself what did not converge


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_loads_and_fits(browser, server, chapter, width):
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]})
    screen = Screen(context.new_page(), server.address).open(chapter)
    screen.check_numbers()
    page = screen.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text() == LESSON.chapters[chapter].question
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select')].filter((c) => !c.labels?.length && !c.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    assert page.evaluate("[...document.querySelectorAll('canvas')].every((c) => c.getAttribute('aria-label'))")
    blank = page.evaluate(
        "[...document.querySelectorAll('canvas')].filter((c) => !new Uint32Array("
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer).some(Boolean)).length"
    )
    assert blank == 0
    if width == 390:  # what is touched is large enough to touch
        small = page.evaluate(
            "[...document.querySelectorAll('main button')].filter((b) => b.offsetHeight && b.offsetHeight < 26).length"
        )
        assert small == 0
    assert (screen.errors, screen.outside) == ([], [])
    context.close()


def every_control():
    hidden = {
        "drawn",
        "removed",
        "start",
        "grid",
        "cell",
        "scores",
        "shown",
        "seed",
        "secret",
        "sampled",
        "method",
        "sweeps",
    }
    found = [(c.name, f.name) for c in LESSON.chapters.values() for f in c.fields if f.name not in hidden]
    return [*found, ("priors", "scores-0"), ("optimism", "shown")]


@pytest.mark.parametrize(("chapter", "name"), every_control())
def test_control_changes_what_it_says(screen, chapter, name):
    query = "seen=1&sampled=5" if chapter == "inverse" else "seen=1"
    screen.open(chapter, query)
    control = screen.page.locator(f"[data-field={name}]").first
    before = screen.hash
    kind = control.evaluate("(c) => c.tagName === 'SELECT' ? 'select' : c.type")
    if kind == "select":
        other = control.evaluate("(c) => [...c.options].map((o) => o.value).filter((v) => v !== c.value).pop()")
        screen.does(lambda: control.select_option(other))
    elif kind == "radio":
        screen.does(screen.page.locator(f"input[data-field={name}]").last.check)
    elif kind == "checkbox":
        screen.does(control.check)
    else:  # by keyboard, as everything can be
        control.focus()
        key = "ArrowRight" if control.evaluate("(c) => c.value === c.min") else "ArrowLeft"
        screen.does(lambda: [screen.page.keyboard.press(key) for _ in range(2)])
    assert screen.hash != before
    assert name.split("-")[0] + "=" in screen.hash
    screen.check_numbers()


def test_exact_number_is_taken_and_bad_ones_are_not(screen):
    screen.open("decision")
    box = screen.page.locator("[data-box=alpha]")
    screen.does(lambda: (box.fill("100"), box.press("Enter")))
    assert screen.answer["policy"][0] == pytest.approx(0.5025, abs=1e-4)
    assert "0.5025" in screen.page.locator(".worked").inner_text()
    screen.does(lambda: (box.fill("7"), box.press("Enter")))
    screen.does(lambda: (box.fill("1e9"), box.press("Tab")))  # beyond the range: the end of it
    assert box.input_value() == "100"
    box.fill("")
    box.press("Tab")
    assert box.input_value() == "100"
    screen.check_numbers()


def test_worked_example_is_on_the_page(screen):
    screen.open("decision")
    worked = screen.page.locator(".worked")
    for number in ("1.3133", "0.7311", "0.2689"):
        assert number in worked.inner_text()
    assert float(worked.get_attribute("data-v")) == pytest.approx(1.3132616875, abs=1e-9)


def test_terms_light_up_as_they_change(screen):
    screen.open("decision")
    screen.page.locator("[data-field=alpha]").focus()
    screen.does(lambda: screen.page.keyboard.press("ArrowRight"))
    screen.page.keyboard.press("ArrowRight")
    assert screen.page.locator(".theory .term.lit[data-term=alpha]").count() > 0
    assert screen.page.locator(".term.lit[data-term=r1]").count() == 0


def test_sweeps_step_play_and_newton(screen):
    screen.open("sweeps")
    screen.click("reset")
    assert screen.answer["V"] == [0.0] * len(screen.answer["V"])
    screen.click("step")
    screen.click("step")
    assert "sweeps=2" in screen.hash
    screen.check_numbers()
    screen.page.get_by_role("button", name="Play").click()
    screen.until("document.getElementById('lesson').answer.n_iter > 5")
    screen.page.get_by_role("button", name="Pause").click()
    screen.settle()
    screen.check_numbers()
    screen.click("newton")
    assert screen.answer["converged"]
    screen.check_numbers()


def test_time_plays_on_the_cliff(screen):
    screen.open("optimism")
    screen.page.get_by_role("button", name="Play t").click()
    screen.until("document.getElementById('lesson').answer.time > 2")
    screen.page.get_by_role("button", name="Pause").click()
    screen.settle()
    assert "shown=where" in screen.hash
    screen.check_numbers()


def test_paths_walk(screen):
    screen.open("visits")
    before = screen.canvas("sampled").screenshot()
    screen.page.locator("[data-tool=walk]").click()
    for _ in range(20):  # a slow machine may take longer to draw the first step
        screen.page.wait_for_timeout(250)
        if screen.canvas("sampled").screenshot() != before:
            break
    else:
        raise AssertionError("the paths do not walk")
    screen.page.locator("[data-tool=walk]").click()
    screen.click("reseed")
    assert "seed=1" in screen.hash
    screen.check_numbers()


def test_prior_and_ppo(screen):
    screen.open("priors")
    screen.page.locator("[data-tool=ppo]").click()
    screen.page.wait_for_selector("[data-chance=ppo-0]")
    expected = LESSON.answer("priors", "ppo", {"state": {}})["ppo"]
    shown = [float(screen.page.locator(f"[data-chance=ppo-{i}]").inner_text()) for i in range(7)]
    np.testing.assert_allclose(shown, expected, atol=5.1e-4)
    screen.does(screen.page.get_by_label("demonstrated", exact=True).check)
    assert screen.page.locator("[data-chance=ppo-0]").count() == 0  # it belonged to another prior
    slider = screen.page.locator("[data-field=shown-1]")
    slider.focus()
    screen.does(lambda: screen.page.keyboard.press("End"))
    assert "shown=3,20,4,0,0,1,0" in screen.hash
    screen.check_numbers()


EXERCISES = {"decision": 0.5, "sweeps": 1, "optimism": 0, "visits": 10, "priors": 1}


@pytest.mark.parametrize("chapter", EXERCISES)
def test_predict_first_then_see(screen, chapter):
    screen.open(chapter, "")
    veiled = screen.page.locator(".figures.veiled")
    assert veiled.count() == 1
    card = screen.page.locator(".exercise")
    card.locator(".check").click()
    answer = EXERCISES[chapter]
    if card.locator("input[type=range]").count():
        assert "Move the slider first" in card.inner_text()
        assert veiled.count() == 1
        card.locator("input[type=range]").evaluate(
            "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", answer
        )
    else:
        assert "Choose an answer first" in card.inner_text()
        card.locator("input").nth(answer).check()
    card.locator(".check").click()
    screen.page.wait_for_selector(".verdict.right")
    assert veiled.count() == 0
    assert "seen=1" in screen.hash
    screen.page.reload()
    screen.settle()
    assert veiled.count() == 0


def test_show_me_lifts_the_veil(screen):
    screen.open("visits", "")
    screen.page.locator("[data-tool=show]").click()
    assert screen.page.locator(".figures.veiled").count() == 0


def test_back_forward_and_reload_keep_the_state(screen):
    screen.open("decision")
    box = screen.page.locator("[data-box=alpha]")
    screen.does(lambda: (box.fill("10"), box.press("Enter")))
    screen.does(lambda: (box.fill("50"), box.press("Enter")))
    screen.does(screen.page.locator("[data-chapter=visits]").click)
    assert screen.hash.startswith("#/visits")
    for expected in ("alpha=50", "alpha=10"):
        screen.does(screen.page.go_back)
        assert expected in screen.hash
        screen.check_numbers()
    screen.does(screen.page.go_forward)
    assert "alpha=50" in screen.hash
    assert box.input_value() == "50"
    screen.page.reload()
    screen.settle()
    assert box.input_value() == "50"
    screen.check_numbers()
    screen.does(screen.page.locator("[data-chapter=visits]").click)
    screen.does(screen.page.locator("[data-chapter=decision]").click)  # a chapter is found as it was left
    assert box.input_value() == "50"


def test_python_png_and_svg(screen):
    screen.open("sweeps", "seen=1&alpha=2")
    screen.page.locator("[data-tool=python]").click()
    screen.page.wait_for_selector("dialog[open]")
    code = screen.page.locator("dialog pre").inner_text()
    assert code == LESSON.answer("sweeps", "code", {"state": {"alpha": 2.0}})["code"]
    screen.page.get_by_role("button", name="Close").click()
    with screen.page.expect_download() as svg:
        screen.page.locator("[data-tool=svg]").click()
    text = open(svg.value.path(), encoding="utf-8").read()
    assert text.startswith("<svg")
    assert text.count("<rect") > 80
    assert "Value V" in text
    assert svg.value.suggested_filename == "lesson-sweeps.svg"
    with screen.page.expect_download() as png:
        screen.page.locator("[data-tool=png]").click()
    assert open(png.value.path(), "rb").read().startswith(b"\x89PNG")


def test_hostile_addresses_are_only_text(screen):
    screen.open("sweeps", "seen=1&grid=%3Cimg%20src=x%20onerror=alert(1)%3E&alpha=NaN&gamma=1e308&none=1")
    assert screen.page.locator(".problem").is_visible()
    assert screen.page.locator("main img").count() == 0
    # The browser itself notes that a request was answered with 400; nothing else went wrong.
    assert all("400" in error for error in screen.errors)
    screen.errors.clear()
    screen.open("nowhere", "%%%&a")
    assert screen.hash.startswith("#/nowhere")
    assert screen.page.locator("h1").inner_text() == LESSON.chapters["decision"].question


def test_reduced_motion_and_end_of_the_server(browser, tmp_path):
    running = start(cwd=tmp_path)
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    screen = Screen(context.new_page(), running.address).open("decision")
    assert screen.page.evaluate("getComputedStyle(document.querySelector('.term')).transitionDuration") == "0s"
    stop(running)
    screen.page.locator("[data-field=alpha]").focus()
    screen.page.keyboard.press("ArrowRight")
    screen.page.wait_for_selector(".problem:not([hidden])")
    assert "start maxent-irl lesson again" in screen.page.locator(".problem").inner_text()
    context.close()
