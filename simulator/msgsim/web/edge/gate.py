"""The page that asks a browser for the token if the server is served beyond loopback.

It loads nothing, because style sheets and scripts of the other pages need the token. Its form is posted to the address
of the wanted page, to which the answer redirects.
"""

from html import escape

from msgsim.model import Reply

MOST = 4096
"""Largest size in bytes of the posted form."""
FIELD = "token"
STYLE = """
:root { color-scheme: light dark; --line: light-dark(#b9c3cd, #3c4956); --act: light-dark(#00596b, #62d2e2); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem;
  background: light-dark(#eef1f4, #0d1217); color: light-dark(#141a20, #e6edf3); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 1.75rem; border-radius: 0.5rem; background: light-dark(#fff, #151c23);
  border: 1px solid light-dark(#d6dde4, #29333d); }
h1 { margin: 0 0 0.75rem; font-size: 1.375rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 1rem; color: light-dark(#4c5864, #a0aebb); }
code { font: 0.9em ui-monospace, Menlo, Consolas, monospace; }
label { display: block; font-weight: 600; margin-bottom: 0.375rem; }
input { width: 100%; padding: 0.6rem 0.75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 0.375rem; }
button { margin-top: 1rem; padding: 0.6rem 1.25rem; font: inherit; font-weight: 600; cursor: pointer; border: 0;
  border-radius: 0.375rem; background: var(--act); color: light-dark(#fff, #04212a); }
:focus-visible { outline: 2px solid light-dark(#0b66c3, #8cc4ff); outline-offset: 2px; }
p.mistake { margin: 0.5rem 0 0; color: light-dark(#ad1f18, #ff918a); }
"""
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),  # With no-referrer a browser sends ``Origin: null`` with the form.
    ("Cache-Control", "no-store"),
    ("X-Sim-Error", "Token needed"),
)


def page(address: str, mistaken: bool) -> Reply:
    """The page. ``address``: path and query of the wanted page, without the token; ``mistaken``: a token was wrong."""
    mistake = ' aria-invalid="true" aria-describedby="mistake"' if mistaken else ""
    reason = (
        '<p class="mistake" id="mistake" role="alert">This is not the token of this server.</p>' if mistaken else ""
    )
    text = f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Token needed · messaging-simulator</title>
  <link rel="icon" href="data:,">
  <style>{STYLE}</style>
</head>
<body>
<main>
  <h1>This simulator wants its token</h1>
  <p>Others can reach it, so it lets in who has the token: <code>msgsim serve</code> printed it at start,
  or it was set as <code>MSGSIM_TOKEN</code>.</p>
  <form method="post" action="{escape(address)}">
    <label for="token">Token</label>
    <input id="token" name="{FIELD}" type="password" autocomplete="current-password" required autofocus{mistake}>
    {reason}
    <button>Continue</button>
  </form>
</main>
</body>
</html>
"""
    return Reply(401, text.encode(), HEADERS, "text/html; charset=utf-8")
