"""/docs and /redoc without internet: every asset comes from here, and Authorize works."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.conftest import User

PAGES = ["/docs", "/docs/", "/redoc", "/redoc/", "/ui/", "/ui"]
# What a browser fetches by itself, as opposed to where a reader may go.
FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "use": "href"}


class Assets(HTMLParser):
    """Collects what a browser would fetch to show the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)
        self.found += re.findall(r"url\(['\"]?([^'\")]+)", page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""))
        if address:
            self.found.append(address)


def assets(response: httpx.Response) -> list[str]:
    return [urljoin(str(response.url), address) for address in Assets(response.text).found]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_refers_to_no_other_origin(client: httpx.Client, page: str) -> None:
    response = client.get(page)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert {urlsplit(asset).netloc for asset in assets(response) if not asset.startswith("data:")} <= {
        response.url.netloc.decode()
    }
    assert not re.findall(r"""["'](?:https?:)?//[^"']+\.(?:js|css|png|ico|woff2?)""", response.text)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_may_load_nothing_from_elsewhere(client: httpx.Client, page: str) -> None:
    """What a script of the page would fetch later, such as a logo from its maker, stands in no HTML."""
    policy = client.get(page).headers["content-security-policy"]
    sources = {word for rule in policy.split(";") for word in rule.split()[1:] if not word.startswith("'sha256-")}
    assert sources <= {"'self'", "'none'", "'unsafe-inline'", "data:", "blob:"}


@pytest.mark.parametrize("page", ["/docs", "/docs/", "/redoc", "/redoc/"])
def test_the_assets_of_a_page_are_served(client: httpx.Client, page: str) -> None:
    found = [asset for asset in assets(client.get(page)) if not asset.startswith("data:")]
    assert any(asset.endswith(".js") for asset in found)
    for asset in found:
        response = client.get(asset, follow_redirects=False)
        assert response.status_code == 200, asset
        assert len(response.content) > 500, asset
        kind = response.headers["content-type"]
        assert "html" not in kind, asset
        if asset.endswith(".js"):
            assert "javascript" in kind
        if asset.endswith(".css"):
            assert "css" in kind


@pytest.mark.parametrize("page", ["/docs", "/docs/", "/redoc"])
def test_a_page_shows_the_schema_of_this_system(client: httpx.Client, page: str) -> None:
    response = client.get(page)
    address = re.search(r"""["']([^"']*openapi\.json)["']""", response.text)
    assert address
    assert client.get(urljoin(str(response.url), address[1])).json()["openapi"].startswith("3.")


def test_authorize_in_swagger_logs_in_and_opens_the_rest(client: httpx.Client, user: User) -> None:
    """What Swagger does on Authorize: the schema's password flow names an address that takes the form."""
    schema = client.get("/openapi.json").json()
    schemes = schema["components"]["securitySchemes"]
    (flow,) = [scheme["flows"]["password"] for scheme in schemes.values() if scheme["type"] == "oauth2"]
    address = urljoin(str(client.base_url), flow["tokenUrl"])
    form = {"grant_type": "password", "username": user.username, "password": user.password, "scope": ""}
    session = client.post(address, data=form).json()
    assert session["token_type"].lower() == "bearer"
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get("/data", headers=headers).status_code == 200


def test_swagger_offers_keys_beside_the_password(client: httpx.Client) -> None:
    schemes = client.get("/openapi.json").json()["components"]["securitySchemes"]
    assert {("oauth2", None), ("http", "bearer")} <= {(s["type"], s.get("scheme")) for s in schemes.values()}
