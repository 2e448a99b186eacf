"""Events that come all at once are taken in over several frames, in their order."""

from typing import Any

import pytest

from tests.page.tab import Tab

pytestmark = pytest.mark.needs("chromium")

MOST = 50
# An inbox whose items cost a millisecond each, of a clock that does not go by itself.
INBOX = """
    const { Inbox } = await imported("inbox.js");
    let clock = 0, over;
    performance.now = () => clock;
    const taken = [], all = new Promise((resolve) => { over = resolve; });
    const inbox = new Inbox((item) => {
        clock += 1;
        taken.push(item);
        if (item === most - 1) over();
        if (item === broken) throw new Error("broken");
    });
    const frame = () => new Promise(requestAnimationFrame);
    const flood = () => { for (let item = 0; item < most; item++) inbox.add(item); };
    const hide = () => {
        Object.defineProperty(document, "hidden", { get: () => true });
        document.dispatchEvent(new Event("visibilitychange"));
    };
"""


def run(tab: Tab, steps: str, broken: int | None = None) -> Any:
    return tab.page.evaluate(f"async ([most, broken]) => {{ {INBOX} {steps} }}", [MOST, broken])


def test_a_flood_is_taken_in_over_several_frames_in_its_order(tab: Tab) -> None:
    steps = """
        flood();
        const first = taken.length;
        await frame();
        const later = taken.length;
        await all;
        return [first, later, taken];
    """
    first, later, taken = run(tab, steps)
    assert 0 < first < later < MOST
    assert taken == list(range(MOST))


def test_a_single_event_is_taken_in_at_once(tab: Tab) -> None:
    steps = """
        inbox.add(0);
        const one = [...taken];
        await frame();
        inbox.add(1);
        return [one, taken];
    """
    assert run(tab, steps) == [[0], [0, 1]]


def test_one_that_cannot_be_taken_in_holds_up_none_after_it(tab: Tab) -> None:
    assert run(tab, "flood(); await all; return taken;", broken=20) == list(range(MOST))
    tab.excuse("broken")


def test_out_of_sight_nothing_waits(tab: Tab) -> None:
    assert run(tab, "hide(); flood(); return taken.length;") == MOST
    tab.ready()
    assert run(tab, "flood(); hide(); return taken.length;") == MOST


def test_what_waits_is_forgotten_when_it_is_closed(tab: Tab) -> None:
    steps = """
        flood();
        const first = taken.length;
        inbox.close();
        await frame();
        await frame();
        return [first, taken.length];
    """
    first, last = run(tab, steps)
    assert first == last < MOST
