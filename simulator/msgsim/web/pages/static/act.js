// Actions: buttons and forms with data-put, data-post or data-delete send a request to the control API; the result is
// shown as a line of text.
(() => {
  "use strict";
  const sandbox = () => document.body.dataset.sandbox;

  function tell(text, wrong, stays = wrong ? 9000 : 2500) {
    const line = document.createElement("p");
    line.textContent = text;
    if (wrong) line.className = "wrong";
    document.getElementById("said").append(line);
    setTimeout(() => line.remove(), stays);
  }

  document.addEventListener("mistakes", (event) => mistakes(event.detail.form, event.detail.found));
  document.addEventListener("tell", (event) => tell(event.detail.text, event.detail.wrong));

  async function call(method, path, body, raw, within) {
    const headers = { "X-Sim-Sandbox": within ?? sandbox() };
    if (body !== undefined) headers["Content-Type"] = raw ? "application/yaml" : "application/json";
    const answer = await fetch(`/__sim/v1/${path}`, { method, headers, body });
    const text = await answer.text();
    const said = text ? JSON.parse(text) : null;
    if (!answer.ok) throw Object.assign(new Error(said?.detail ?? answer.statusText), { said });
    return said;
  }

  async function act(element, body) {
    const { put, post, delete: gone } = element.dataset;
    const method = put ? "PUT" : gone ? "DELETE" : "POST";
    const path = put ?? gone ?? post;
    if (element.dataset.sure && !confirm(element.dataset.sure)) return;
    const button = element.matches("form") ? element.querySelector("[type=submit], button") : element;
    button.disabled = element.dataset.again === undefined;
    // The request deletes the sandbox of this page: its event stream is closed first, so that nothing reconnects.
    if (element.dataset.done === "default") htmx.swap("#feed", "", { swapStyle: "innerHTML" });
    try {
      const said = await call(method, path, body, element.dataset.raw, element.dataset.in);
      done(element, path, said);
    } catch (wrong) {
      tell(wrong.message, true);
      if (element.dataset.mistakes) mistakes(element, wrong.said?.mistakes ?? [wrong.message]);
    }
    button.disabled = false;
    if (document.activeElement === document.body && button.id) document.getElementById(button.id)?.focus();
  }

  function done(element, path, said) {
    const how = element.dataset.done;
    if (how === "reload") location.reload();
    else if (how === "inbox") {
      if (said.hint) sessionStorage.setItem("hint", said.hint);
      location.assign(`/__sim/${location.search}`);
    }
    else if (how === "clear") element.querySelector("[name=text]").value = "";
    else if (how === "default") location.assign("/__sim/start");
    if (path === "reset" && !how) location.assign(`/__sim/${sandbox() === "default" ? "" : `?sandbox=${encodeURIComponent(sandbox())}`}`);
    if (path.startsWith("clock/") && said?.happened) {
      tell(said.total ? `${said.total} thing${said.total === 1 ? "" : "s"} happened` : "Nothing happened");
    } else if (path.endsWith("/replay")) tell("Owed once more");
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  }

  function gathered(form) {
    if (form.dataset.raw) return form.elements[form.dataset.raw].value;
    const body = {};
    for (const field of form.elements) {
      if (field.dataset.merge !== undefined) Object.assign(body, JSON.parse(field.value));
      else if (field.name && field.value !== "") body[field.name] = field.dataset.type === "number" ? Number(field.value) : field.value;
    }
    return JSON.stringify(body);
  }

  // Shows the text of a form line by line, with each mistake ("file:line:column: reason") below its line.
  function mistakes(form, found) {
    const paper = document.querySelector(form.dataset.mistakes);
    paper.replaceChildren();
    const said = new Map();
    for (const mistake of found) {
      const place = /^[^:]*:(\d+):\d+:?\s*(.*)$/s.exec(mistake);
      const line = place ? Number(place[1]) : 1;
      said.set(line, [...(said.get(line) ?? []), place ? place[2] : mistake]);
    }
    form.elements[form.dataset.raw].value.split("\n").forEach((text, index) => {
      const row = document.createElement("span");
      row.className = said.has(index + 1) ? "row wrong" : "row";
      const number = document.createElement("i");
      number.textContent = index + 1;
      row.append(number, text);
      for (const why of said.get(index + 1) ?? []) {
        const note = document.createElement("em");
        note.textContent = why;
        row.append(note);
      }
      paper.append(row);
    });
    paper.hidden = false;
  }

  // Buttons with data-again, which advance the clock, stay enabled: each click waits for the request before it.
  let turn = Promise.resolve();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-post], button[data-put], button[data-delete]");
    if (button?.dataset.again !== undefined) turn = turn.then(() => act(button, button.dataset.body));
    else if (button) act(button, button.dataset.body);
    const copy = event.target.closest("[data-copy]");
    if (copy) copied(copy);
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-post], form[data-put]")) return;
    event.preventDefault();
    act(event.target, gathered(event.target));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    if ((event.key === "Enter" || event.key === " ") && event.target.matches("#older, #later")) event.target.click();
  });

  async function copied(button) {
    const text = document.querySelector(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      tell("Copied");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector(button.dataset.copy));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      tell("Selected: press Ctrl+C", true);
    }
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-world]")) return;
    const name = event.target.value;
    location.assign(name === "default" ? "/__sim/" : `/__sim/?sandbox=${encodeURIComponent(name)}`);
  });

  // Shows the hint that the previous page has stored.
  document.addEventListener("DOMContentLoaded", () => {
    const hint = sessionStorage.getItem("hint");
    if (hint) tell(hint, false, 20000);
    sessionStorage.removeItem("hint");
  });
})();
