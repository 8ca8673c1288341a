"""Salesforce Marketing Cloud: Messenger and LINE (OTT), and the Transactional Messaging API.

Sources: OTTsendMessageToRecipient, OTTretrieveSentMessage, OTTregisterProperty, OTTretrieveRegistrationCollection and
error-handling of the Marketing Cloud Engagement API guide; access-token-s2s and requestToken of the Marketing Cloud
developer guide.

OTTretrieveSentMessage reports whether a message was queued, sent or failed. No route and no callback reports
deliveries and reads; only the control API shows them.
"""

from msgsim.contract import Contract
from msgsim.provider import Ask, Provider, Send
from msgsim.providers.salesforce import device, platform, registry, sent, tokens, transactional
from msgsim.providers.salesforce.answers import accepted, refuse
from msgsim.providers.salesforce.reading import check, read
from msgsim.providers.salesforce.spelling import shape


def base_url(root: str) -> str:
    """Auth and REST base URI of the client's package."""
    return f"{root.rstrip('/')}/"


provider = Provider(
    name="salesforce",
    title="Salesforce Marketing Cloud",
    first="Salesforce Marketing Cloud OTT",
    contract=Contract("salesforce"),
    endpoints=(
        Send("send-ott", "POST", "/ott/v1/send", "send", read=read, answer=accepted, shape=shape, check=check),
        Ask("get-sent", "GET", "/ott/v1/send/{messageId}", sent.get_sent),
        *registry.ENDPOINTS,
        *tokens.ENDPOINTS,
        *platform.ENDPOINTS,
        *transactional.api.endpoints,
    ),
    apis=(transactional.api,),
    documents="https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm",
    hosts=(
        "*.auth.marketingcloudapis.com",
        "*.rest.marketingcloudapis.com",
        "*.soap.marketingcloudapis.com",
        "www.exacttargetapis.com",
        "auth.exacttargetapis.com",
        "auth-test.exacttargetapis.com",
        "webservice.exacttarget.com",
        "webservice.s4.exacttarget.com",
        "restapi.s4.exacttarget.com",
    ),
    identify=tokens.identify,
    authorize=tokens.authorize,
    refuse=refuse,
    credentials=tokens.credentials,
    base_url=base_url,
    device=device.pieces,
    channels=("messenger", "line", "sms", "email", "push"),
    phones=False,
    any_case=True,
    authorize_first=True,
    strict="bad_request",
    secrets=frozenset(
        {
            *("authorization", "access_token", "accesstoken", "legacytoken", "refreshtoken", "refresh_token"),
            *("client_secret", "clientsecret", "applicationsecret", "pageaccesstoken", "callbackverifytoken"),
            *("channelsecret", "customerconnectsecret"),
        }
    ),
    texts=frozenset({"text", "subject"}),
)
