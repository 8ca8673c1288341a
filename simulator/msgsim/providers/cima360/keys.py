"""``X-API-KEY`` and what it permits: one permission per service, of which only send_sms is documented."""

from msgsim.model import Call, Credential, Refusal, Refused
from msgsim.provider import Endpoint
from msgsim.provider.credentials import fingerprint
from msgsim.provider.desk import Desk

PERMISSIONS = {
    "send-ott": "send_ott",
    "send-sms": "send_sms",
    "send-email": "send_email",
    "send-voice": "send_voice",
}
NOBODY = Credential("")
"""The caller who sends e-mail without a key."""


def credentials(sandbox: str) -> dict[str, str]:
    return {"X-API-KEY": f"cima360-{sandbox}"}


def identify(call: Call) -> Credential | None:
    key = call.headers.get("x-api-key", "").strip()
    return Credential(key, shown=fingerprint("key", key)) if key else None


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """Raises Refused with ``unauthorized``, ``unknown_key`` or ``forbidden``, and hides voice where it is off."""
    service = endpoint.name if endpoint is not None else ""
    settings = desk.settings
    if service == "send-voice" and not settings["voice"]:
        raise Refused(Refusal("unknown_path"))
    if credential is None:
        if service != "send-email" or settings["email_key_required"]:
            raise Refused(Refusal("unauthorized", "X-API-KEY"))
        return NOBODY
    keys = settings["keys"]
    if not keys or credential.name in desk.issued.values():
        return credential
    if credential.name not in keys:
        raise Refused(Refusal("unknown_key", "X-API-KEY"))
    if PERMISSIONS[service] not in keys[credential.name]:
        raise Refused(Refusal("forbidden", "X-API-KEY"))
    return credential
