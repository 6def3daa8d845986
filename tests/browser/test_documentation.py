"""Swagger UI and ReDoc in a browser: their policy, without scripts of anybody, lets them work."""

import pytest

from tests.browser.conftest import SLACK, TakeSeat


@pytest.mark.parametrize(("path", "shown"), [("/docs", ".swagger-ui .opblock"), ("/redoc", "[data-section-id]")])
async def test_a_documentation_page_works_under_its_policy(take_seat: TakeSeat, path: str, shown: str) -> None:
    seat = await take_seat(None)
    await seat.page.goto(f"{seat.url}{path}")
    await seat.page.locator(shown).first.wait_for(timeout=SLACK * 5000)
    # ReDoc's script asks for a logo of its maker; that the policy keeps it from doing so is the point.
    seat.faults[:] = [fault for fault in seat.faults if "redoc.ly" not in fault]
