"""Shapes of signing in by an OIDC provider."""

from pydantic import BaseModel, ConfigDict, Field

# A page of ours with its query: one slash, then what an address may hold; nothing that leads to another host.
PAGE = r"^/([\w.~!$&'()*+,;=:@%?-][\w.~!$&'()*+,;=:@%/?-]*)?$"


class Ways(BaseModel):
    """How people may sign in beside name and password."""

    provider: str | None = Field(
        description="What the OIDC provider is called; null: there is none.", examples=["Acme"]
    )


class Begin(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"to": "/alerts"}})

    to: str = Field(
        default="/", max_length=1000, pattern=PAGE, description="The page to open afterwards, within `/ui`."
    )
    invitation: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\w-]+$",
        description="The token of an invitation: whoever is new here joins its workspace.",
    )


class Begun(BaseModel):
    authorization_url: str = Field(
        description="Where the browser goes on; it comes back to `GET /auth/oidc/callback`.",
        examples=["https://id.example.com/authorize?response_type=code&client_id=sentinela&…"],
    )
