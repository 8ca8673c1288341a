"""The WhatsApp templates API: create, change and delete templates, which WhatsApp approves some time later.

Sources: the OpenAPI document of Messente's SDKs; what WhatsApp does with templates is inferred from its public rules.
"""

from msgsim.provider import Api, Ask
from msgsim.providers.messente.omnichannel.answers import refused
from msgsim.providers.messente.templates import editing, reading

_ALL = "/v1/whatsapp/wabas/{wabaId}/templates"
_ONE = f"{_ALL}/{{templateId}}"

api = Api(
    "templates",
    "Messente WhatsApp templates",
    (
        Ask("templates", "GET", _ALL, reading.listed),
        Ask("template-create", "POST", _ALL, editing.created, "templates/template"),
        Ask("template", "GET", _ONE, reading.shown),
        Ask("template-change", "PUT", _ONE, editing.changed, "templates/change"),
        Ask("template-delete", "DELETE", _ALL, editing.deleted),
    ),
    refused,
)
