"""Shapes of the second step of a sign-in on the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.auth.otp import MAX_TYPED
from app.auth.schemas.people import MAX_PASSWORD
from app.core.instants import Instant

Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_TYPED,
        description="Six digits of the authenticator, or a recovery code.",
        examples=["492039"],
    ),
]


class FactorRead(BaseModel):
    """Whether signing in takes a code beside the password."""

    enabled: bool = Field(examples=[True])
    confirmed_at: Instant | None = Field(description="Since when; null: it does not.")
    recovery_codes_left: int = Field(description="Those that were not used yet.", examples=[10])


class Enrolment(BaseModel):
    """The secret for an authenticator, shown this once; signing in stays as it is until a first code confirms it."""

    secret: str = Field(description="In base32, to type in.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    uri: str = Field(
        description="The same for an authenticator to open.",
        examples=["otpauth://totp/Sentinela:ana?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Sentinela"],
    )
    qr_svg: str = Field(description="The URI as a QR code, an SVG image.", examples=["<svg xmlns=…></svg>"])


class FirstCode(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"totp": "492039"}})

    totp: Code


class RecoveryCodes(BaseModel):
    """Each opens once in place of the authenticator; shown this once."""

    recovery_codes: list[str] = Field(examples=[["JBSW-Y3DP-EHPK-3PXP", "GEZD-GNBV-GY3T-QOJQ"]])


class BothProofs(BaseModel):
    """The password and a code once more."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"password": "violet-otter-42", "totp": "492039"}}
    )

    password: str = Field(max_length=MAX_PASSWORD)
    totp: Code
