"""The report is one page that stands alone: well formed, without network, and text stays text."""

import base64
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib import pyplot as plt

from maxent_irl import Demonstrations, MaxEntIRL, sample_demonstrations
from maxent_irl.datasets import load_gridworld, load_machines
from maxent_irl.plotting.report.page_style import SCRIPT
from maxent_irl.report import write_comparison_report, write_report
from maxent_irl.routes.policies import GoalPolicies
from maxent_irl.worlds import GridWorld, RoadNetwork

VOID = {"meta", "img", "br", "hr", "link", "input"}
HOSTILE = '<script>alert("x")</script> & $a_1$ \x00 "quoted" <img src=http://example.org/x.png>'


class Page(HTMLParser):
    """What stands on the page: tags with attributes, texts by tag, and whether tags are nested properly."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open, self.nested = [], {}, [], True
        self.feed(text)
        self.close()
        self.nested = self.nested and not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.nested = self.nested and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def grid_page(tmp_path_factory):
    data = load_gridworld()
    estimator = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    path = tmp_path_factory.mktemp("report") / "grid.html"
    write_report(
        path,
        estimator,
        data.demonstrations,
        world=data.world,
        true_reward=data.true_reward,
        source="built-in set 'gridworld'",
        command="maxent-irl recover gridworld --report report.html",
    )
    return path.read_text(encoding="utf-8"), Page(path.read_text(encoding="utf-8")), estimator


def test_page_is_well_formed_and_has_its_headings(grid_page):
    text, page, _ = grid_page
    assert text.startswith("<!DOCTYPE html>")
    assert page.nested
    assert page.attributes("html") == [{"lang": "en"}]
    assert page.texts["h1"] == ["Recovered reward"]
    assert page.texts["h2"] == [
        "At a glance",
        "Recovered reward",
        "Coefficients",
        "Identifiability",
        "Fit",
        "What was read",
        "Model",
        "Warnings",
        "How to repeat it",
    ]
    targets = {attributes["id"] for attributes in page.attributes("section")}
    assert {attributes["href"][1:] for attributes in page.attributes("a")} == targets


def test_page_needs_no_network(grid_page):
    text, page, _ = grid_page
    assert page.texts["script"] == [SCRIPT]  # nothing else runs
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object")
        for name in ("src", "href", "srcset", "action", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,"))
    without_pictures = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?:|//|url\(|@import", without_pictures)


def test_pictures_are_png_with_texts(grid_page):
    _, page, _ = grid_page
    images = page.attributes("img")
    assert len(images) == 5
    for image in images:
        assert base64.b64decode(image["src"].split(",")[1]).startswith(b"\x89PNG")
        assert len(image["alt"]) > 30
    assert "highest at row 3, column 13" in images[0]["alt"]
    assert page.texts["summary"] == ["How to read this"] * 5
    assert plt.get_fignums() == []


def test_tables_are_tables(grid_page):
    _, page, estimator = grid_page
    assert len(page.attributes("table")) == len(page.attributes("caption")) == 6
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.attributes("th"))
    numbers = [
        float(text.replace("\N{MINUS SIGN}", "-"))
        for text in page.texts["td"]
        if re.fullmatch("\u2212?\\d+\\.\\d+", text)
    ]
    for coef in estimator.coef_:
        assert np.isclose(numbers, coef, rtol=1e-5).any()


def test_directions_that_are_not_determined_are_listed(tmp_path):
    data = load_gridworld()
    doubled = np.hstack([data.features, data.features[:, :1]])
    estimator = MaxEntIRL(data.mdp, doubled, feature_names=["flowers", "mud", "goal", "blossom"])
    with pytest.warns(UserWarning, match="do not determine"):
        estimator.fit(data.demonstrations)
    write_report(tmp_path / "report.html", estimator, data.demonstrations, world=data.world)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.texts["strong"] in (["flowers - blossom"], ["-flowers + blossom"])
    assert any("3 of 4 directions" in text for text in page.texts["p"])
    assert "flowers (not determined)" in page.texts["th"]


def test_large_figures_keep_their_size_in_print_and_others_share_a_page(grid_page):
    text, page, _ = grid_page
    kinds = [attributes.get("class") for attributes in page.attributes("figure")]
    widths = [int(attributes["width"]) for attributes in page.attributes("img")]
    assert kinds == ["large" if width > 700 else None for width in widths]
    assert {"large", None} <= set(kinds)
    assert "figure.large img" in text


def test_command_and_versions_are_on_the_page(grid_page):
    _, page, _ = grid_page
    assert page.texts["pre"] == ["maxent-irl recover gridworld --report report.html"]
    assert np.__version__ in page.texts["td"]


def test_hostile_text_is_shown_and_not_obeyed(tmp_path):
    data = load_machines()
    estimator = MaxEntIRL(data.mdp, data.features, feature_names=[HOSTILE, "$x$ and $"]).fit(data.demonstrations)
    write_report(
        tmp_path / "report.html",
        estimator,
        data.demonstrations,
        true_reward=data.true_reward,
        title=HOSTILE,
        source=HOSTILE,
        dynamics=HOSTILE,
        command=HOSTILE,
        warnings=[HOSTILE],
        state_names=[HOSTILE] * data.mdp.n_states,
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.nested
    assert page.texts["script"] == [SCRIPT]
    assert {attributes["src"][:5] for attributes in page.attributes("img")} == {"data:"}
    shown = HOSTILE.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    for tag in ("title", "h1", "pre", "td", "th", "p"):
        assert shown in page.texts[tag]
    assert "\x00" not in text


def test_a_fit_that_did_not_converge_says_so_first(tmp_path):
    data = load_gridworld()
    estimator = MaxEntIRL(data.mdp, data.features, max_iter=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(data.demonstrations)
    messages = [str(warning.message) for warning in caught]
    write_report(tmp_path / "report.html", estimator, data.demonstrations, world=data.world, warnings=messages)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    paragraphs = page.texts["p"]
    assert paragraphs[0].startswith("The fit did not converge")
    assert messages[0] in paragraphs


def test_a_road_network_has_its_maps(tmp_path):
    network = RoadNetwork.grid((3, 4), irregularity=0.1, random_state=0)
    features = -network.features("length", "left")
    trips = GoalPolicies(network.mdp, features @ [2.0, 1.0]).sample(np.arange(30), 33, random_state=0)
    estimator = MaxEntIRL(network.mdp, features, feature_names=("length", "left")).fit(trips)
    write_report(tmp_path / "report.html", estimator, trips, world=network)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    texts = {image["alt"].split(".")[0].split(" how often")[0]: image["alt"] for image in page.attributes("img")}
    entered = np.unique(np.concatenate([trip.states[1:] for trip in trips])).size
    assert f"demonstrations entered each link; {entered} links were used" in texts["Map of"]
    assert re.match(r"Map of the recovered reward. It is lowest at link \d+ \(-", texts["Map of the recovered reward"])
    assert any("how often each link is expected to be visited" in caption for caption in page.texts["figcaption"])
    told = [text for text in page.texts["title"] if text.startswith("link ")]
    assert len(told) == network.n_links
    assert all(
        re.fullmatch(r"link \d+: reward \S+, standard error \S+, expected visits \S+, decisions seen \d+", t)
        for t in told
    )


def test_labels_are_read_as_those_of_the_fit(tmp_path):
    data, path = load_machines(), tmp_path / "report.html"
    states, actions = [f"wear {99 - s}" for s in range(data.mdp.n_states)], ["use", "replace"]  # sort otherwise
    paths = [([states[s] for s in d.states], [actions[a] for a in d.actions]) for d in data.demonstrations]
    named = Demonstrations(paths, state_labels=states, action_labels=actions)
    pages = []
    for fitted_on, given in ((data.demonstrations, data.demonstrations), (named, paths)):
        estimator = MaxEntIRL(data.mdp, data.features).fit(fitted_on)
        write_report(path, estimator, given, state_names=states, action_names=actions)
        pages.append(path.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("case", ["goals", "horizon", "indicators", "weights"])
def test_every_kind_of_fit_has_a_report(case, tmp_path):
    horizon = 6 if case == "horizon" else None
    world = GridWorld((3, 4), horizon=horizon, discount=0.9)
    policy = np.full((*([] if horizon is None else [horizon]), 12, 5), 0.2)
    goals = [0, 11] * 10 if case == "goals" else None
    demonstrations = sample_demonstrations(world.mdp, policy, 20, max_steps=200, goals=goals, random_state=0)
    features = None if case == "indicators" else world.features("smooth", n_features=2)
    if case == "weights":
        demonstrations = type(demonstrations)(list(demonstrations), weights=np.linspace(1, 2, 20))
    estimator = MaxEntIRL(world.mdp, features, l2=1.0).fit(demonstrations)
    write_report(tmp_path / "report.html", estimator, demonstrations, world=world)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page, facts = Page(text), dict(re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td>', text))
    assert facts["Demonstrations"] == "20"
    wanted = {"goals": ("Goals", "2 different ones"), "weights": ("Weights", "1 to 2")}.get(case)
    assert wanted is None or facts[wanted[0]] == wanted[1]
    assert any("predicted probabilities" in image["alt"] for image in page.attributes("img"))


def test_every_cell_of_the_map_tells_its_values(grid_page):
    _, page, estimator = grid_page
    told = [text for text in page.texts["title"] if text.startswith("row ")]
    assert len(told) == estimator.mdp.n_states
    goal = next(text for text in told if text.startswith("row 3, column 13:"))
    reward = estimator.reward_ if estimator.reward_.ndim == 1 else estimator.reward_[:, 0]
    assert f"reward {reward.max():.2f}, standard error" in goal
    buttons = [attributes["aria-pressed"] for attributes in page.attributes("button")]
    assert buttons == ["true", "false", "false", "false"]


def test_the_summary_names_what_is_sought_in_plain_words(grid_page):
    _, page, _ = grid_page
    assert any("Sought: goal and flowers. Avoided: mud." in text for text in page.texts["li"])
    assert not any("McFadden" in text or "nats" in text for text in page.texts["li"])


def test_large_maps_are_pictures_and_the_page_stays_small(tmp_path):
    world = GridWorld((100, 60), goals=[(99, 59)], terminal_goals=False, discount=0.9)
    features = world.features("smooth", n_features=2)
    demonstrations = sample_demonstrations(world.mdp, np.full((6000, 5), 0.2), 20, max_steps=50, random_state=0)
    estimator = MaxEntIRL(world.mdp, features, l2=1.0).fit(demonstrations)
    write_report(tmp_path / "report.html", estimator, demonstrations, world=world)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not page.attributes("svg")
    assert any("standard error" in image["alt"] for image in page.attributes("img"))
    assert (tmp_path / "report.html").stat().st_size < 1_000_000


def test_a_comparison_has_one_scale_and_names_the_best_model(tmp_path):
    data = load_gridworld()
    full = MaxEntIRL(data.mdp, data.features, feature_names=data.feature_names).fit(data.demonstrations)
    goal = MaxEntIRL(data.mdp, data.features[:, 2:], feature_names=["goal"]).fit(data.demonstrations)
    path = tmp_path / "compared.html"
    write_comparison_report(path, {HOSTILE: full, "goal alone": goal}, data.demonstrations, world=data.world)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    shown = HOSTILE.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    assert page.nested
    assert page.texts["script"] == [SCRIPT]
    assert any(text.startswith(f"{shown} predicts these demonstrations best") for text in page.texts["li"])
    assert shown in page.texts["th"]
    assert "\N{EN DASH}" in page.texts["td"]  # the small model has no coefficient of mud
    with pytest.raises(ValueError, match="at least two models; got 1"):
        write_comparison_report(path, {"one": full}, data.demonstrations)
