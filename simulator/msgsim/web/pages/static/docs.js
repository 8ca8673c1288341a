// The pages about APIs: sends the request in the form, and shows the answer while it arrives.
(() => {
  "use strict";
  const MOST = 200_000;
  const TOKEN = /("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null)|([{}[\],:])|\s+/g;
  let under = null;
  const stop = () => under?.abort();

  const result = (part) => document.querySelector(`#result .${part}`);

  function made(tag, text, name) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  }

  function tell(text, name) {
    result("told").replaceChildren(made("p", text, name));
  }

  // JSON indented and coloured, token by token: parsing would round integers above 2^53.
  function laidOut(text) {
    const drawn = new DocumentFragment();
    let deep = 0;
    let before = "";
    const line = () => `\n${"  ".repeat(deep)}`;
    for (const [token, string, number, word, sign] of text.matchAll(TOKEN)) {
      if (!token.trim()) continue;
      const isEmpty = (sign === "}" || sign === "]") && (before === "{" || before === "[");
      if (sign === "}" || sign === "]") deep -= 1;
      if (!isEmpty && (sign === "}" || sign === "]" || "{[,".includes(before || "."))) drawn.append(line());
      if (sign === "{" || sign === "[") deep += 1;
      if (string || number || word) drawn.append(made("span", token, string ? "j-text" : number ? "j-number" : "j-word"));
      else drawn.append(sign === ":" ? ": " : sign);
      if (sign === ":") drawn.lastChild.previousSibling.className = "j-name";
      before = sign ?? "";
    }
    drawn.firstChild.textContent = drawn.firstChild.textContent.trimStart();
    return drawn;
  }

  function request(form) {
    const query = new URLSearchParams(JSON.parse(form.dataset.fixed));
    let path = form.dataset.path;
    for (const field of form.querySelectorAll("[data-place]")) {
      if (field.dataset.place === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
      else if (field.value !== "") query.append(field.name, field.value);
    }
    const headers = JSON.parse(form.dataset.headers);
    const media = form.querySelector("[data-media]")?.value;
    if (media) headers["Content-Type"] = media;
    const body = form.querySelector("textarea")?.value || undefined;
    if (body === undefined) delete headers["Content-Type"];
    const credentials = form.dataset.apart === undefined ? "same-origin" : "omit";
    return [query.size ? `${path}?${query}` : path, { method: form.dataset.method, headers, body, credentials, cache: "no-store" }];
  }

  const quoted = (text) => `'${text.replaceAll("'", `'"'"'`)}'`;

  function option([name, value]) {
    const basic = name === "Authorization" && /^Basic (.+)/.exec(value);
    return basic ? `-u ${quoted(atob(basic[1]))}` : `-H ${quoted(`${name}: ${value}`)}`;
  }

  // Writes the curl command that sends the same request as the form.
  function write(form) {
    const [url, { method, headers, body }] = request(form);
    const parts = [`curl ${form.dataset.options} -X ${method} ${quoted(location.origin + url)}`, ...Object.entries(headers).map(option)];
    if (body !== undefined) parts.push(`--data-raw ${quoted(body)}`);
    document.getElementById("curl").textContent = parts.join(" \\\n  ");
  }

  async function send(form) {
    if (under || (form.dataset.sure && !confirm(form.dataset.sure))) return;
    const [url, asked] = request(form);
    const mine = (under = new AbortController());
    busy(form, true);
    for (const part of ["headers", "bodytext"]) result(part).hidden = true;
    tell("On its way …", "nothing");
    const begun = performance.now();
    try {
      const answer = await fetch(url, { ...asked, signal: mine.signal });
      await (form.dataset.stream === undefined ? whole : flow)(answer, begun, mine);
    } catch {
      if (under !== mine) return;
      if (mine.signal.aborted) tell("Stopped: nothing had come yet.", "nothing");
      else tell("No answer came: the server does not answer, or broke the connection. Is it running?", "bad");
    }
    if (under !== mine) return;
    under = null;
    busy(form, false);
  }

  // Moves the focus before the stop button is disabled, because a disabled button loses it.
  function busy(form, on) {
    const button = form.querySelector("[data-stop]");
    if (!on && button === document.activeElement) form.querySelector("[type=submit]").focus();
    button.disabled = !on;
    document.getElementById("result").setAttribute("aria-busy", String(on));
  }

  function tellHead(answer, more) {
    const line = made("p", "", "line");
    line.append(made("span", answer.status, `status s${Math.floor(answer.status / 100)}`), ` ${answer.statusText} `, made("span", more, "dim"));
    const exchange = answer.headers.get("X-Sim-Exchange");
    if (exchange) {
      const link = made("a", `Request ${exchange}`);
      link.href = `/__sim/requests/${exchange}${location.search}`;
      line.append(" · ", link);
    }
    result("headers").textContent = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    result("headers").hidden = false;
    result("told").replaceChildren(line);
  }

  async function whole(answer, begun, mine) {
    const text = await answer.text();
    if (under !== mine) return;
    tellHead(answer, `${Math.round(performance.now() - begun)} ms · ${size(text)}`);
    show(text.length <= MOST && isJson(text) ? laidOut(text) : text.slice(0, MOST), text.length - MOST);
  }

  function isJson(text) {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  const size = (text) => (text.length < 1000 ? `${text.length} characters` : `${(text.length / 1000).toFixed(1)} k characters`);

  function show(content, beyond = 0) {
    const body = result("bodytext");
    body.replaceChildren(content);
    if (beyond > 0) body.append(`\n… ${beyond} characters more`);
    body.hidden = body.textContent === "";
  }

  // Shows a stream while it arrives: its last MOST characters.
  async function flow(answer, begun, mine) {
    if (!answer.ok) return whole(answer, begun, mine);
    tellHead(answer, "open: what happens now shows here");
    const body = result("bodytext");
    show("");
    body.hidden = false;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (let part = await reader.read(); !part.done && under === mine; part = await reader.read()) {
        const isAtEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 40;
        body.textContent = (body.textContent + part.value).slice(-MOST);
        if (isAtEnd) body.scrollTop = body.scrollHeight;
      }
    } catch {
      // Stopped, or the connection broke: what has arrived stays on the page.
    }
    const why = mine.signal.aborted ? "stopped" : "the server ended it";
    if (under === mine) tellHead(answer, `${why} after ${Math.round((performance.now() - begun) / 1000)} s`);
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-try]")) return;
    event.preventDefault();
    send(event.target);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-stop]")) stop();
  });

  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-try]");
    if (!form) return;
    choose(event.target, form);
    write(form);
  });

  // Choosing an example selects its media type; choosing a media type selects its first example.
  function choose(select, form) {
    const examples = form.querySelector("[data-example]");
    const media = form.querySelector("[data-media]");
    if (!examples || (select !== examples && select !== media)) return;
    if (select === media) examples.value = [...examples.options].find((one) => one.dataset.of === media.value).value;
    else if (media) media.value = examples.selectedOptions[0].dataset.of;
    form.querySelector("textarea").value = examples.value;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-try] textarea")) event.target.form.requestSubmit();
  });

  // Before another operation is drawn: aborts the request, whose answer would be shown below the new operation.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "stage") return;
    stop();
    under = null;
  });

  // Links from earlier versions have the id of an operation as fragment.
  document.addEventListener("DOMContentLoaded", () => {
    const entries = document.querySelector(".api #entries");
    const named = entries && location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (named?.matches(".entry")) location.replace(named.querySelector("a").href);
  });
})();
