"""A project that is not ours, as users of the plugin have it: an application, and tests of it."""

import pytest

SHOP = '''
import json
from base64 import b64encode
from urllib.request import Request, urlopen

def send(msgsim, to, *channels, **more):
    """The application under test: it knows nothing but a base URL and its credentials."""
    account = msgsim.credentials("messente")
    basic = b64encode(f"{account['username']}:{account['password']}".encode()).decode()
    messages = [{"channel": channel, "sender": "MyShop", "text": "Hello!"} for channel in channels or ["sms"]]
    body = json.dumps({"to": to, "messages": messages, **more}).encode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
    with urlopen(Request(msgsim.base_url("messente") + "/omnimessage", body, headers)) as response:
        return json.load(response)
'''


def run(project: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(test_shop=f"import pytest\nfrom shop import send\n{tests}")
    return project.runpytest_subprocess(*arguments)
