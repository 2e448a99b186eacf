"""The choice of a model beside that of a chain."""

from typing import Any

import pytest

from tests.page.runs import body_of
from tests.page.sse import DONE, STARTED, stream
from tests.page.tab import Tab

pytestmark = pytest.mark.needs("chromium")

CHAINS = [
    {"name": "open", "default": True, "description": "", "examples": [], "model_fixed": False},
    {"name": "closed", "default": False, "description": "", "examples": [], "model_fixed": True},
]
MODELS = ["offline:demo", "far:away"]


def offer(tab: Tab, **more: Any) -> None:
    tab.page.unroute("**/chains")
    tab.page.route("**/chains", lambda route: route.fulfill(json={"items": CHAINS, **more}))
    tab.stream_instead(stream(STARTED, DONE))
    tab.ready()


def asked_for(tab: Tab, chain: str = "open") -> str | None:
    """The model that the next run is asked to take."""
    with tab.page.expect_request("**/runs") as started:
        tab.ask("anything", chain)
    tab.until_ended()
    model: str | None = body_of(started.value).get("model")
    return model


def test_the_model_is_chosen_beside_the_chain(tab: Tab) -> None:
    offer(tab, models=MODELS)
    select = tab.page.get_by_label("Model")
    assert select.locator("option").all_inner_texts() == MODELS
    assert select.input_value() == "offline:demo"
    select.select_option("far:away")
    assert asked_for(tab) == "far:away"


def test_the_services_own_model_is_not_asked_for_by_name(tab: Tab) -> None:
    offer(tab, models=MODELS)
    assert asked_for(tab) is None


def test_a_chain_with_a_model_of_its_own_leaves_no_choice_and_says_why(tab: Tab) -> None:
    offer(tab, models=MODELS)
    select = tab.page.get_by_label("Model")
    select.select_option("far:away")
    assert asked_for(tab, "closed") is None
    assert select.is_disabled()
    assert select.locator("option").all_inner_texts() == ["the chain's own"]
    assert "its own model" in (select.get_attribute("title") or "")
    assert asked_for(tab) == "far:away"  # the choice is still there
    assert select.is_enabled()
    assert not select.get_attribute("title")


@pytest.mark.parametrize("more", [{}, {"models": []}])
def test_without_models_there_is_no_choice_and_none_is_asked_for(tab: Tab, more: dict[str, Any]) -> None:
    offer(tab, **more)
    assert not tab.page.locator("#model").is_visible()
    assert asked_for(tab) is None
