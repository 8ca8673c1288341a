"""A Messente send as people write it by hand: FastAPI, pydantic models, a dictionary in memory."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import BaseModel, Field, HttpUrl, model_validator


class Common(BaseModel):
    sender: Annotated[str, Field(min_length=1)] | None = None
    ttl: Annotated[int, Field(ge=1)] | None = None
    validity: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def only_one(self) -> "Common":
        if self.ttl is not None and self.validity is not None:
            raise ValueError("Only one of ttl and validity can be used")
        return self


class Sms(Common):
    channel: Literal["sms"]
    text: Annotated[str, Field(min_length=1)]
    autoconvert: Literal["on", "full", "off"] = "on"
    udh: Annotated[str, Field(pattern="^([0-9A-Fa-f]{2})+$")] | None = None


class Viber(Common):
    channel: Literal["viber"]
    text: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    image_url: HttpUrl | None = None
    button_url: HttpUrl | None = None
    button_text: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def known_combination(self) -> "Viber":
        given = frozenset(name for name in ("text", "image_url", "button_url", "button_text") if getattr(self, name))
        if given not in ({"text"}, {"image_url"}, {"text", "button_url", "button_text"}):
            raise ValueError("Invalid combination")
        return self


class Language(BaseModel):
    code: str
    policy: str = "deterministic"


class Template(BaseModel):
    name: str
    language: Language


class Whatsapp(Common):
    channel: Literal["whatsapp"]
    template: Template


class Omnimessage(BaseModel):
    to: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
    messages: Annotated[list[Annotated[Sms | Viber | Whatsapp, Field(discriminator="channel")]], Field(min_length=1)]
    dlr_url: HttpUrl | None = None
    text_store: Literal["nostore", "plaintext", "sha256"] = "plaintext"
    time_to_send: str | None = None
    priority: Literal["low", "regular", "high"] = "regular"


class Part(BaseModel):
    channel: str
    message_id: UUID
    sender: str


class Accepted(BaseModel):
    messages: list[Part]
    omnimessage_id: UUID
    to: str


app = FastAPI()
kept: dict[UUID, tuple[Omnimessage, Accepted]] = {}


@app.post("/v1/omnimessage", status_code=201)
async def send(omnimessage: Omnimessage, account: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> Accepted:
    parts = [
        Part(channel=one.channel, message_id=uuid4(), sender=one.sender or account.username)
        for one in omnimessage.messages
    ]
    accepted = Accepted(messages=parts, omnimessage_id=uuid4(), to=omnimessage.to)
    kept[accepted.omnimessage_id] = omnimessage, accepted
    return accepted
