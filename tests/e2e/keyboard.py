"""What a person does who has a keyboard and no mouse."""

from __future__ import annotations

from tests.e2e.chromium import FloatRect, Locator, Page, ViewportSize

TALL: ViewportSize = {"width": 1280, "height": 3000}  # nothing scrolls while pictures are compared
THINGS = """[...document.querySelectorAll(
        "a[href], button, input, textarea, select, summary, iframe")]
    .filter(thing => thing.checkVisibility() && thing.type !== "hidden")"""


async def tab_to(thing: Locator) -> None:
    """Press the Tab key until something has the focus."""
    await thing.wait_for(state="attached")
    for _ in range(40):
        await thing.page.keyboard.press("Tab")
        if await thing.evaluate("thing => thing === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {thing}")


async def unreached(page: Page) -> list[str]:
    """Go through a page with the Tab key; say what it missed, or what did not show it was there."""
    things: list[str] = await page.evaluate(f"{THINGS}.map(thing => thing.outerHTML)")
    order: list[int] = []
    dark: list[str] = []
    for _ in range(3 * len(things)):
        await page.keyboard.press("Tab")
        at = await page.evaluate(f"{THINGS}.indexOf(document.activeElement)")
        if at < 0 and order:
            break
        if at >= 0 and at not in order:
            order.append(at)
            if not await shows_focus(page):
                dark.append(f"no focus to be seen: {things[at]}")
    missed = [thing for at, thing in enumerate(things) if at not in order]
    return [*missed, *dark, *([] if order == sorted(order) else [f"out of order: {order}"])]


async def shows_focus(page: Page) -> bool:
    """Whether what has the focus looks otherwise than without."""
    thing = (await page.evaluate_handle("document.activeElement")).as_element()
    assert thing is not None
    box = await thing.bounding_box()
    assert box is not None
    around: FloatRect = {
        "x": 0,
        "y": max(box["y"] - 40, 0),
        "width": TALL["width"],
        "height": box["height"] + 80,
    }
    focused = await page.screenshot(clip=around)
    await thing.evaluate("thing => thing.blur()")
    without = await page.screenshot(clip=around)
    await thing.evaluate("thing => thing.focus({focusVisible: true})")
    return focused != without
