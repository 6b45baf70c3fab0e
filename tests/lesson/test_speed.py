"""How fast the page answers, and how much of it there is."""

import statistics
import time

import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the page says itself what did not converge


def random_grid(size):
    rng = np.random.default_rng(size)
    letters = rng.choice([*"........#mf"], size=(size, size))
    letters[0, 0], letters[-1, -1] = "S", "G"
    return "/".join("".join(row) for row in letters)


def latency(screen, name, times=15):
    """Milliseconds from moving a slider to the new picture, measured inside the page; the median."""
    return statistics.median(
        screen.page.evaluate(
            """async ([name, i]) => {
                const root = document.getElementById('lesson');
                const slider = document.querySelector(`input[type=range][data-field=${name}]`);
                const before = Number(root.dataset.drawn);
                const began = performance.now();
                slider.value = Number(slider.value) + (i % 2 ? 40 : -40) * (slider.max > 100 ? 1 : Number(slider.step));
                slider.dispatchEvent(new Event('input'));
                while (Number(root.dataset.drawn) === before) await new Promise(requestAnimationFrame);
                const took = performance.now() - began;
                await new Promise((done) => setTimeout(done, 350));
                return took;
            }""",
            [name, i],
        )
        for i in range(times)
    )


@pytest.mark.slow
@pytest.mark.parametrize(("size", "most"), [(20, 100), (40, 250)])
@pytest.mark.parametrize(("chapter", "name"), [("sweeps", "alpha"), ("visits", "gamma")])
def test_latency(screen, chapter, name, size, most, record_property):
    screen.open(chapter, f"seen=1&grid={random_grid(size).replace('#', '%23')}&gamma=0.9")
    screen.page.wait_for_timeout(1500)
    took = latency(screen, name)
    record_property("milliseconds", took)
    print(f"{chapter} {size} x {size}: {took:.0f} ms")
    assert took < most


@pytest.mark.slow
def test_ascent_frames_and_first_paint_and_weight(screen):
    received = []
    screen.page.on("response", lambda response: received.append(response))
    began = time.monotonic()
    screen.page.goto(
        f"{screen.address}#/inverse?grid={random_grid(20).replace('#', '%23')}&sampled=30&features=indicators"
    )
    screen.page.wait_for_selector(".screen")
    paint = screen.page.evaluate(
        "new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()[0].startTime))"
        ".observe({type: 'paint', buffered: true}))"
    )
    print(f"first paint after {paint:.0f} ms; screen after {1000 * (time.monotonic() - began):.0f} ms")
    assert paint < 1000
    screen.until("document.documentElement.dataset.frames > 3")
    count = "Number(document.documentElement.dataset.frames)"
    before, began = screen.page.evaluate(count), time.monotonic()
    screen.page.wait_for_timeout(2000)
    rate = (screen.page.evaluate(count) - before) / (time.monotonic() - began)
    print(f"live ascent at 20 x 20: {rate:.0f} frames a second")
    assert rate > 10
    pages = [response for response in received if response.request.method == "GET"]
    weight = sum(len(response.body()) for response in pages)
    print(f"page weight {weight / 1000:.0f} kB in {len(pages)} files")
    assert weight < 300_000
