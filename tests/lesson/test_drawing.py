"""Drawing and painting on the page, with mouse, finger and keys: what is drawn is recovered."""

import numpy as np
import pytest

from maxent_irl import Demonstrations, MaxEntIRL
from maxent_irl.worlds import GridWorld

from .screen import LESSON, MAP, PROGRESS, Screen, fitted

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the page says itself what did not converge


def by_hand(*paths):
    """The same fit from the package, from cells."""
    world = GridWorld.from_text(MAP.replace("/", "\n"), discount=0.9, terminal_goals=False)
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)]
    walks = []
    for cells in paths:
        cells = [*cells, *[cells[-1]] * 4]
        actions = [steps.index((b[0] - a[0], b[1] - a[1])) for a, b in zip(cells, cells[1:], strict=False)]
        walks.append(([world.state(*cell) for cell in cells], actions))
    model = MaxEntIRL(world.mdp, world.features("tiles"), objective="feature-matching", l2=0.1)
    return model.fit(Demonstrations(walks)).coef_


def test_painting_a_grid(screen):
    screen.open("sweeps", "seen=1&grid=.....%2F.....%2F....G")
    screen.page.locator("[data-tool='wall']").check(force=True)
    screen.does(lambda: screen.stroke("value", [(0, 1), (1, 1)]))
    assert "grid=.#.../.#.../....G" in screen.hash
    screen.check_numbers()
    screen.page.locator("[data-tool='goal']").check(force=True)
    screen.canvas("value").focus()
    screen.page.keyboard.press("ArrowRight")
    screen.does(lambda: screen.page.keyboard.press("Enter"))
    assert screen.hash.count("G") == 2
    screen.does(screen.page.get_by_role("button", name="Larger").click)
    assert screen.answer["layout"]["columns"] == 8
    screen.does(screen.page.get_by_role("button", name="As at first").click)
    assert "grid=" not in screen.hash


def test_selected_cell_shows_its_backup(screen):
    screen.open("sweeps")
    screen.does(lambda: screen.page.mouse.click(*screen.cell("value", 2, 3)))
    assert screen.answer["cell"]["row"] == 2
    assert "cell (2, 3)" in screen.page.locator(".worked").inner_text()
    assert "cell=2.3" in screen.hash


def test_demonstration_drawn_with_the_mouse_is_recovered(screen):
    screen.open("inverse", f"grid={MAP}")
    first = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]
    second = [(1, 4), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1), (3, 0)]
    screen.does(lambda: screen.stroke("draw", [(0, 0), (0, 4)]))
    assert "drawn=0.0rrrrssss" in screen.hash
    screen.until(f"/converged|stopped/.test({PROGRESS})")
    np.testing.assert_allclose(fitted(screen), by_hand(first), atol=1e-6)
    screen.does(lambda: screen.stroke("draw", [(1, 4), (1, 1), (3, 1), (3, 0)]))
    np.testing.assert_allclose(fitted(screen), by_hand(first, second), atol=1e-6)
    screen.does(screen.page.locator("[data-removes='0']").click)
    assert "removed=0" in screen.hash
    np.testing.assert_allclose(fitted(screen), by_hand(second), atol=1e-6)
    screen.does(screen.page.locator("[data-removes='0']").click)
    screen.click("undo")
    np.testing.assert_allclose(fitted(screen), by_hand(first), atol=1e-6)
    screen.click("clear")
    assert screen.answer["count"] == 0


def test_demonstration_drawn_with_a_finger(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    screen = Screen(context.new_page(), server.address).open("inverse", f"grid={MAP}")
    screen.canvas("draw").scroll_into_view_if_needed()
    touch = context.new_cdp_session(screen.page)

    def finger(kind, cell=None):
        points = [] if cell is None else [dict(zip("xy", screen.cell("draw", *cell), strict=True))]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def draw():
        finger("touchStart", (3, 4))
        for cell in ((3, 3), (3, 2), (3, 1), (3, 0)):
            finger("touchMove", cell)
            screen.page.wait_for_timeout(30)
        finger("touchEnd")

    screen.does(draw)
    assert "drawn=3.4llllssss" in screen.hash
    assert screen.answer["count"] == 1
    assert screen.errors == []
    context.close()


def test_demonstration_drawn_by_keyboard(screen):
    screen.open("inverse", f"grid={MAP}")
    screen.canvas("draw").focus()
    for key in ("ArrowDown", "Enter", "ArrowRight", "ArrowRight", "ArrowUp"):
        screen.page.keyboard.press(key)
    screen.does(lambda: screen.page.keyboard.press("Enter"))
    assert "drawn=1.0rrussss" in screen.hash


def test_walls_stop_a_drawing(screen):
    screen.open("inverse", "grid=..%23../..%23../....G")
    screen.does(lambda: screen.stroke("draw", [(0, 0), (0, 4)]))
    assert "drawn=0.0rssss" in screen.hash


def test_hidden_reward_is_revealed_on_demand(screen):
    screen.open("inverse", "sampled=20")
    assert screen.answer["hidden"] is None
    screen.does(screen.page.locator("[data-field=reveal]").check)
    assert max(screen.answer["hidden"]) == 2.0
    fitted(screen)
    assert "correlation" in screen.page.locator(".report").inner_text()
    screen.click("secret")
    assert "secret=1" in screen.hash
    screen.check_numbers()


def test_live_ascent_grows_and_can_be_run_again(screen):
    screen.open("inverse", "sampled=20")
    screen.until(f"/converged/.test({PROGRESS})")
    screen.page.locator("[data-tool=ascend]").click()
    screen.until(f"/step [1-9]/.test({PROGRESS})")
    screen.until(f"/converged/.test({PROGRESS})")


def test_fool_it_on_the_page(screen):
    screen.open("inverse", "sampled=20")
    screen.page.locator(".check").click()
    screen.page.wait_for_selector(".verdict.wrong")
    screen.click("clear")
    screen.does(lambda: screen.stroke("draw", [(0, 0), (0, 3)]))
    screen.page.locator(".check").click()
    screen.page.wait_for_selector(".verdict.right")
    assert "say nothing about" in screen.page.locator(".verdict").inner_text()


def test_place_is_chosen_on_the_map(screen):
    screen.open("data", "")
    reward = np.array(LESSON.answer("data", "newton", {"state": {}})["reward"])
    screen.page.locator(".check").click()
    assert "Select a place" in screen.page.locator(".verdict").inner_text()
    layout = screen.answer["layout"]
    row, column = np.argwhere(np.array(layout["states"]) == int(reward.argmax()))[0].tolist()
    screen.page.mouse.click(*screen.cell("recorded", row, column))
    assert f"({row}, {column})" in screen.page.locator(".exercise").inner_text()
    screen.page.locator(".check").click()
    screen.page.wait_for_selector(".verdict.right")


def test_two_tabs_do_not_disturb_one_another(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    left, right = (Screen(context.new_page(), server.address).open("inverse", f"grid={MAP}") for _ in range(2))
    left.does(lambda: left.stroke("draw", [(0, 0), (0, 3)]))
    right.page.bring_to_front()
    right.does(lambda: right.stroke("draw", [(3, 4), (3, 1)]))
    assert "drawn=0.0rrrssss" in left.hash
    assert "drawn=3.4lllssss" in right.hash
    for screen in (left, right):
        screen.page.bring_to_front()
        assert screen.answer["count"] == 1
        screen.check_numbers()
        assert screen.errors == []
    context.close()
